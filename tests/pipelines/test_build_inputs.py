"""`mien build` of class folders, of boxes in photos, and of labels that do not fit."""

import shutil
import xml.etree.ElementTree as ElementTree
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pandas
import pytest

from mien.configs.errors import JobFailed
from mien.pipelines import cli
from mien.pipelines.build import build
from mien.pipelines.runners import Run
from tests.real_faces import FACES, configured
from tests.snapshots import rows


@pytest.mark.slow
def test_class_folders_split_by_content(faces, tmp_path):
    """Two INPUTs; a copy of a face under another name goes where the face goes."""
    anger = sorted((faces / 'public_test' / 'anger').iterdir())
    (tmp_path / 'more' / 'anger').mkdir(parents=True)
    for path in anger:
        shutil.copy(path, tmp_path / 'more' / 'anger' / f'copy-{path.name}')
    (tmp_path / 'more' / 'joy').mkdir()
    shutil.copy(anger[0], tmp_path / 'more' / 'joy' / 'face.png')
    out = tmp_path / 'out'
    config = configured('build', whole_image=True, record_bytes=1 << 20, duplicates='all', duplicate_bits=None)
    outcome = build([str(faces), str(tmp_path / 'more')], str(out), config, Run())
    examples = rows(out, 'examples')
    splits = Counter(row['split'] for row in examples)
    assert len(examples) == FACES + len(anger) == sum(splits.values())  # equal pixels have equal bytes here: no group crosses splits
    assert {split: sum(outcome.tallies[split].values()) for split in splits} == splits
    assert outcome.tallies['rejects'] == {'not_an_image': 1, 'unknown_label': 1}
    by_name = {Path(row['uri']).name: row for row in examples}
    assert all(by_name[path.name]['split'] == by_name[f'copy-{path.name}']['split'] for path in anger)
    assert all(row['label_distribution'][row['label']] == 1 for row in examples)


def test_boxes_take_their_faces(photos_dir, tmp_path):
    """The 18 annotated faces of four photos, by box; the others have no label."""
    boxes = []
    for image in ElementTree.parse(photos_dir / 'training_with_face_landmarks.xml').iter('image'):
        for box in image.iter('box'):
            place = {key: box.get(name) for key, name in (('x', 'left'), ('y', 'top'), ('w', 'width'), ('h', 'height'))}
            boxes.append({'image': image.get('file'), 'label': 'neutral', 'subject': 'everyone'} | place)
    pandas.DataFrame(boxes).to_parquet(tmp_path / 'boxes.parquet')
    config = configured(
        'build',
        labels=(str(tmp_path / 'boxes.parquet'),),
        box_columns=('x', 'y', 'w', 'h'),
        subject_column='subject',
        exclude=('*.xml',),
        crop_channels=3,
    )
    outcome = build([str(photos_dir)], str(tmp_path / 'out'), config, Run())
    assert len(boxes) == 18
    assert outcome.counts['examples'] >= 0.9 * len(boxes)
    assert sum(sum(outcome.tallies[split].values()) > 0 for split in ('train', 'validation', 'test')) == 1  # one subject, one split
    first = rows(tmp_path / 'out', 'examples')[0]
    assert cv2.imdecode(np.frombuffer(first['image'], np.uint8), cv2.IMREAD_UNCHANGED).shape == (48, 48, 3)
    rejects = Counter(row['reason'] for row in rows(tmp_path / 'out', 'rejects'))
    assert rejects['no_such_face'] == len(boxes) - outcome.counts['examples']
    assert rejects['no_face'] >= 1  # the photos without a human face


def test_nothing_left_is_a_failed_job(faces, labels, tmp_path):
    config = configured('build', whole_image=True, labels=(str(labels),), label_column='usage')
    with pytest.raises(JobFailed, match=rf'no example is left of {FACES + 1} photos .*unknown_label {FACES}: '):
        build([str(faces)], str(tmp_path / 'out'), config, Run())
    assert not (tmp_path / 'out').exists()


def test_a_wrong_call_is_one_line_and_leaves_nothing(faces, labels, tmp_path, capsys):
    out = tmp_path / 'out'
    assert cli.main(['build', str(faces), '--labels', str(labels), '--label-column', 'emotion', '--out', str(out)]) == cli.WRONG_CALL
    said = capsys.readouterr().err
    assert said.count('\n') == 1
    assert f"labels '{labels}': no column 'emotion'" in said
    assert list(tmp_path.iterdir()) == []
