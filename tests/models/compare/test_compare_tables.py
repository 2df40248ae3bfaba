"""The table as programs and people read it."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from dataclasses import fields
from functools import partial
from html.parser import HTMLParser

import duckdb
import pyarrow.parquet as pq
import pytest

from mien.configs.errors import UsageError
from mien.configs.load import load
from mien.configs.schema import CompareConfig
from mien.models.compare.best import Rule, choose
from mien.models.compare.columns import SCHEMA
from mien.models.compare.compare import compare
from mien.models.compare.files import Places
from mien.models.compare.markdown import table
from mien.models.compare.measured import MeasuredExport
from mien.models.compare.page import page
from mien.models.compare.pictures import draw
from mien.models.compare.plan import Plan
from mien.models.compare.publish import said
from mien.models.compare.result import Result, read, write
from mien.models.compare.row import Row, expecting, failed, fastest
from mien.models.compare.tables import csv_text, parquet
from mien.models.compare.texts import seconds
from mien.models.compare.views import views
from mien.models.evaluation.confidence import ReliabilityBin
from mien.models.package import ModelPackage, find

EVIL = 'a | b\n<script>alert(1)</script> \\'


def result(row: Row) -> Result:
    bins = (ReliabilityBin(0.0, 0.5, 0, None, None), ReliabilityBin(0.5, 1.0, 1000, 0.8, 0.9))
    epoch = {'loss': 1.0, 'accuracy': 0.5, 'val_loss': 1.1, 'val_accuracy': 0.4}
    return Result(row, ((90, 10), (5, 15)), bins, (epoch, epoch | {'loss': 0.9}))


def test_columns_are_the_rows_fields():
    assert SCHEMA.names == [field.name for field in fields(Row)]


def test_parquet_keeps_every_value(row, tmp_path):
    rows = [expecting(row('a'), 0.88), failed(row('b', recall=None, exports=None, accuracy=None), EVIL)]
    (tmp_path / 'rows.parquet').write_bytes(parquet(rows))
    assert pq.read_schema(tmp_path / 'rows.parquet').equals(SCHEMA)
    query = "select id, status, reason, met, recall['neutral'], exports[1].file, classes[2] from read_parquet(?) order by id"
    found = duckdb.execute(query, [str(tmp_path / 'rows.parquet')]).fetchall()
    assert found == [('a', 'ok', None, True, 0.95, 'model-int8.tflite', 'anger'), ('b', 'failed', EVIL, None, None, None, 'anger')]


def test_csv_has_a_column_for_each_class(row):
    first, second = csv.DictReader(io.StringIO(csv_text([row('a'), failed(row('b', recall=None, exports=None), EVIL)])))
    assert (first['id'], first['recall_neutral'], first['recall_anger'], first['classes']) == ('a', '0.95', '', 'neutral anger')
    assert [one['bytes'] for one in json.loads(first['exports'])] == [700, 2600, 2500]
    assert (second['status'], second['reason'], second['exports']) == ('failed', EVIL, '')


def test_the_fastest_at_no_measured_loss(row):
    exports = row('a').exports
    assert fastest(exports, 'model-int8.tflite', -0.01) == 'model.onnx'
    assert fastest([*exports, MeasuredExport('model-other.tflite', 1, 0.9, 0.0, 0.0, 9000.0)], 'model.tflite', 0.0) == 'model-other.tflite'


def test_each_set_of_faces_has_its_best(row):
    row = partial(row, bytes=2_500_000)
    rows = [row('a', accuracy=0.8), row('b'), row('easy', accuracy=0.99, test='other@0'), failed(row('c'), 'out of memory')]
    rule = Rule.of(load(CompareConfig, 'compare'))
    assert said([result(one) for one in rows], choose(rows, rule), 5) == [
        '4 of 5 runs, 1 of them failed.',
        'Best: **b** (dcnn), 90.00% on test of raw@0123456789ab, 0.40 s cold, 2.50 MB, of 2.',
        'Best on other faces: **easy** (dcnn), 99.00% on test of other@0, 0.40 s cold, 2.50 MB, of 1.',
        f'Rule: {rule.text}.',
    ]
    assert said([result(rows[3])], (), 5) == ['1 of 5 runs, 1 of them failed.']


def test_faces_that_were_seen_in_training_are_said(row):
    rows = views([row('a', seen=12), row('b', seen=0), row('c')], ())[0].rows
    assert [one[-1].removeprefix('test of raw@0123456789ab, ') for one in rows] == [
        '1,000 faces (12 seen in training)',
        *['1,000 faces'] * 2,
    ]


def test_a_class_that_the_measured_dataset_lacks_is_said(row):
    results = views([row('a'), row('b', absent=('fear', 'contempt'))], ())[0]
    assert results.note.endswith(' b also says fear, contempt, which there is none of: counted as wrong.')
    assert 'also says' not in views([row('a')], ())[0].note


def test_what_another_package_has_taught_is_said(row):
    results = views([row('a', teachers=()), row('b', teachers=('big@0123456789ab', 'wide@ba9876543210'))], ())[0]
    assert results.note.endswith(' b has learnt from big@0123456789ab, wide@ba9876543210, too.')
    assert 'has learnt' not in views([row('a', teachers=())], ())[0].note


def test_without_a_float_tflite_none_may_be_less_accurate_than_the_keras_model_was(row):
    exports = row('a').exports[:2]
    assert [fastest(exports, 'model-int8.tflite', change) for change in (0.01, 0.0, -0.005, -0.02)] == [
        'model-int8.tflite',
        'model-int8.tflite',
        'model.onnx',
        None,
    ]
    assert fastest(exports, 'model.onnx', 0.0) == 'model.onnx'


@pytest.mark.parametrize(
    ('time', 'text'), [(None, '-'), (0.000253, '0.253 ms'), (0.0625, '62.5 ms'), (0.4, '0.40 s'), (754, '13 min'), (11460, '3 h 11 min')]
)
def test_times_in_words(time, text):
    assert seconds(time) == text


def test_no_text_breaks_a_markdown_table(row):
    for view in views([row('a'), failed(row('b', dataset=EVIL), EVIL)], ['a']):
        lines = table(view).split('\n')
        assert len(lines) == 2 + len(view.rows)
        assert {len(re.findall(r'(?<!\\)(?:\\\\)*\|', line)) for line in lines} == {len(view.head) + 1}


def test_the_page_is_whole_in_itself(row, tmp_path):
    results = [result(row('a')), result(row('b', accuracy=0.7)), Result(failed(row('c'), EVIL))]
    pictures = draw(results, ['a'], tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in pictures}
    assert {'accuracy-size.png', 'accuracy-speed.png', 'calibration.png', 'training.png', 'confusion-a.png', 'confusion-b.png'} == {
        path.name for path in pictures
    }
    found = Tags()
    found.feed(page('Models', ['Best: **a** <b>'], views([one.row for one in results], ['a']), pictures))
    assert found.starts.count('img') == 6
    assert not {'script', 'link', 'b'} & set(found.starts)
    assert all(source.startswith('data:image/png;base64,') for source in found.sources)
    draw(results[:1], ['a'], tmp_path)
    assert not (tmp_path / 'confusion-b.png').exists()


class Tags(HTMLParser):
    """What a page is made of, and what it loads."""

    def __init__(self):
        super().__init__()
        self.starts, self.sources = [], []

    def handle_starttag(self, tag, attrs):
        self.starts.append(tag)
        self.sources += [value for key, value in attrs if key in ('src', 'href')]


def test_a_result_comes_back_from_the_disk_as_it_was(row, tmp_path):
    path = tmp_path / 'runs/row-a.json'
    for one in (row('a'), row('a', teachers=('big@0123456789ab',))):
        write(result(one), path)
        assert read(path) == result(one)
    path.write_text('{"row": {"id": "a", "colour": "red"}}')
    assert read(path) is None
    assert read(tmp_path / 'none.json') is None


def test_what_was_done_before_stays_in_the_table(row, tmp_path):
    """A run that is not among those to be done now keeps its row, and may be the best."""
    places, config, package = Places(tmp_path), load(CompareConfig, 'compare'), find('default')
    write(result(row('b', package='default', model=package.id)), places.result('b'))
    write(Result(failed(row('a'), 'killed')), places.result('a'))
    done = compare(Plan(('a', 'b', 'c'), ()), tmp_path, config, print)
    assert [one.id for one in done.rows] == ['a', 'b']
    assert [one.id for one in done.failures] == ['a']
    assert '2 of 3 runs, 1 of them failed.' in (tmp_path / 'comparison.md').read_text()
    why = json.loads((tmp_path / 'best/best.json').read_text())
    assert (why['run'], why['model'], why['rule']['prefer']) == ('b', package.id, ['load_cold', 'bytes'])
    assert ModelPackage.load(tmp_path / 'best').id == package.id
    assert Rule.of(config).text == why['rule']['text']
    assert pq.read_table(tmp_path / 'comparison.parquet')['id'].to_pylist() == ['a', 'b']
    assert [one['id'] for one in csv.DictReader((tmp_path / 'comparison.csv').open())] == ['a', 'b']
    pictures = {path.name for path in (tmp_path / 'plots').iterdir()}
    assert pictures == set(re.findall(r'!\[[^]]*]\(plots/([^)]+)\)', (tmp_path / 'comparison.md').read_text())) != set()
    assert (tmp_path / 'comparison.html').read_text().count('<img') == len(pictures)


def test_the_best_may_be_a_package_that_is_kept_as_the_best_alone(row, tmp_path):
    """Trained packages are large: without them the table stands, and its rows may be joined by others."""
    places, config, package = Places(tmp_path), load(CompareConfig, 'compare'), find('default')
    write(result(row('b', package='runs/b', model=package.id)), places.result('b'))
    with pytest.raises(UsageError, match="run 'b': is the best, and its package runs/b is gone; --only b trains it again"):
        compare(Plan(('a', 'b'), ()), tmp_path, config, print)
    assert '1 of 2 runs.' in (tmp_path / 'comparison.md').read_text()
    shutil.copytree(package.folder, places.best)
    assert compare(Plan(('a', 'b'), ()), tmp_path, config, print).choice.row.id == 'b'
    assert json.loads((places.best / 'best.json').read_text())['run'] == 'b'
