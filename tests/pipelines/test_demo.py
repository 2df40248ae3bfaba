"""`mien demo` prints and draws what its tables hold."""

import cv2
import pyarrow.parquet as pq

from mien.pipelines.demo import demo


def test_the_demo_shows_faces_statuses_files_and_a_query(tmp_path, capsys):
    demo(str(tmp_path / 'demo'))
    said = capsys.readouterr().out
    images = {row['uri']: row for row in pq.read_table(tmp_path / 'demo/tables/images').to_pylist()}
    assert {images[name]['status'] for name in ('astronaut.png', 'grace_hopper.jpg')} == {'ok'}
    assert {name: images[name]['status'] for name in ('cut_off.jpg', 'empty.jpg', 'text.jpg')} == {
        'cut_off.jpg': 'truncated',
        'empty.jpg': 'empty',
        'text.jpg': 'not_an_image',
    }
    for label in pq.read_table(tmp_path / 'demo/tables/labels').to_pylist():
        assert f'{label["label"]}' in said
        assert f'{label["score"]:.2f}' in said
    assert 'no_face' in said
    assert 'FROM' in said
    sheet = cv2.imread(str(tmp_path / 'demo/sheet.png'))
    assert sheet.shape[1] == 4 * 320
