"""A dataset folder in the hands of readers that we did not write: TFDS, tf.data, pandas, `datasets` and mlcroissant."""

import dataclasses
import io
import json
import re
import shutil
import socket
from collections import Counter
from contextlib import redirect_stdout
from pathlib import Path

import cv2
import datasets
import mlcroissant
import numpy as np
import pandas
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds
import yaml

from mien.configs.load import load
from mien.configs.schema import SPLITS, BuildConfig
from mien.pipelines import contact_sheets
from mien.pipelines.contact_sheets import write_sheets
from mien.pipelines.croissant import write_croissant
from mien.pipelines.dataset_card import hub_licence, write_card
from mien.pipelines.dataset_facts import DatasetFacts, SourceFacts
from mien.pipelines.reason_texts import REASON_TEXTS
from mien.pipelines.tfds_files import write_tfds_files
from mien.transforms.example_tables import EXAMPLES
from mien.transforms.parts import part_name, write_table
from mien.transforms.reasons import Reason
from mien.transforms.record_files import RecordFile
from mien.transforms.tables import from_png, png
from mien.transforms.tfrecords import serialized
from tests.snapshots import rows

CLASSES = ('neutral', 'happiness', 'surprise', 'anger')
SIZE = 40
SHARDS = 4  # 1 and 3 have no example


def example(number: int, label: int, split: str, **more: object) -> dict:
    """A crop whose grey is its own: ten times its number."""
    row = {
        'uri': f'wild/{number:02d} ü.jpg',
        'face_id': f'{number:016x}-0',
        'image': png(np.full((SIZE, SIZE, 1), 10 * number, np.uint8)),
        'label': label,
        'label_name': CLASSES[label],
        'label_distribution': [0.75 if label == other else 0.25 / 3 for other in range(4)],
        'subject': None,
        'split': split,
        'source': 'wild',
        'weight': 1.0,
        'group_id': None,
    }
    return row | more


EXAMPLE_ROWS = [
    *(example(number, number % 2, 'train', shard=0) for number in range(8)),
    example(8, 0, 'train', source='studio', weight=0.3, subject='Ada', shard=2),
    example(9, 1, 'validation', source='studio', weight=0.3, subject='Ada', shard=2, group_id=f'{9:016x}-0'),
    example(10, 0, 'test', shard=2),
    example(11, 3, 'validation', shard=2),  # a class without training examples
    example(12, 3, 'test', source='studio', weight=0.3, shard=0),
]
SOURCES = (SourceFacts('wild', 'CC BY 4.0', 1.0, 10, 3), SourceFacts('studio', None, 0.3, 3, 4))
DUPLICATES = {
    'identical': {'groups': 5, 'too_many': 6, 'crossing': 2, 'conflicting': 1},
    'similar': {'groups': 7, 'too_many': 9, 'crossing': 3, 'conflicting': 2},
    'too_large': {'groups': 1, 'faces': 1200},
}


def write_dataset(folder: Path, shards: int = SHARDS, compression: str = 'none') -> DatasetFacts:
    """All that readers see of a dataset."""
    config = load(BuildConfig, 'build', overrides={'name': 'faces', 'classes': CLASSES, 'crop_size': SIZE, 'compression': compression})
    digests = {name: write_table(folder / name, some, EXAMPLES) for name, some in parts(shards).items()}
    files = tuple(write_records(folder, split, shards, compression) for split in SPLITS)
    counts = {split: {name: counted(split, name) for name in CLASSES} for split in SPLITS}
    rejects = {'tie': 4, 'no_face': 4, 'crashed': 0, 'duplicates_cross_splits': 1234}
    facts = DatasetFacts(str(folder), config, shards, 20, 18, counts, rejects, SOURCES, DUPLICATES, files)
    write_tfds_files(folder, config, files)
    write_croissant(facts, digests)
    write_card(facts, write_sheets(facts))
    return facts


def parts(shards: int) -> dict[str, list[dict]]:
    held = {part_name('examples', shard, shards): [] for shard in range(shards)}
    for row in EXAMPLE_ROWS:
        held[part_name('examples', row['shard'] % shards, shards)].append({name: row[name] for name in EXAMPLES.names})
    return held


def counted(split: str, name: str) -> int:
    return sum(row['split'] == split and row['label_name'] == name for row in EXAMPLE_ROWS)


def write_records(folder: Path, split: str, shards: int, compression: str) -> RecordFile:
    held = [row for row in EXAMPLE_ROWS if row['split'] == split]
    file = RecordFile('faces', split, 0, 1, 0, shards, len(held))
    with tf.io.TFRecordWriter(str(folder / file.name), {'none': '', 'gzip': 'GZIP'}[compression]) as writer:
        for row in held:
            writer.write(serialized(row))
    return file


@pytest.fixture(scope='module')
def facts(tmp_path_factory):
    return write_dataset(tmp_path_factory.mktemp('readers'))


@pytest.fixture
def folder(facts):
    return Path(facts.folder)


@pytest.fixture
def compressed(tmp_path):
    write_dataset(tmp_path / 'dataset', compression='gzip')
    return tmp_path / 'dataset'


@pytest.fixture
def offline(monkeypatch, tmp_path):
    """No network, and the caches of readers in a folder of their own."""

    def refuse(*args):
        raise AssertionError(f'a reader wants the network: {args[1:]}')

    monkeypatch.setattr(socket.socket, 'connect', refuse)
    monkeypatch.setattr(datasets.config, 'HF_DATASETS_CACHE', tmp_path / 'cache')


def test_mlcroissant_validates_the_description(folder):
    issues = mlcroissant.Dataset(jsonld=folder / 'croissant.json').metadata.ctx.issues
    assert not issues.errors
    unknown = ('citeAs', 'datePublished')  # a build knows neither
    assert [warning for warning in issues.warnings if not any(f'{name}" is recommended' in warning for name in unknown)] == []


def test_mlcroissant_loads_the_rows_of_the_parquet_twin(folder, offline):
    records = list(mlcroissant.Dataset(jsonld=folder / 'croissant.json').records('examples'))
    expected = rows(folder, 'examples')
    assert len(records) == len(expected) == len(EXAMPLE_ROWS)
    for record, row in zip(records, expected, strict=True):
        found = {name.removeprefix('examples/'): value for name, value in record.items()}
        np.testing.assert_array_equal(np.array(found.pop('image')), from_png(row.pop('image'))[..., 0])
        assert {name: value.decode() if isinstance(value, bytes) else value for name, value in found.items()} == row


def test_croissant_says_what_splits_classes_and_licences_there_are(folder):
    dataset = mlcroissant.Dataset(jsonld=folder / 'croissant.json')
    assert [record['splits/name'] for record in dataset.records('splits')] == list(SPLITS)
    assert {record['classes/label']: record['classes/name'] for record in dataset.records('classes')} == dict(enumerate(CLASSES))
    examples = next(one for one in dataset.metadata.record_sets if one.uuid == 'examples')
    assert [field.name for field in examples.fields] == EXAMPLES.names
    assert [field.name for field in examples.fields if field.repeated] == ['label_distribution']
    licences = {(licence.name, licence.description.rpartition(' ')[2]) for licence in dataset.metadata.license}
    assert licences == {('CC BY 4.0', 'wild'), ('not said', 'studio')}


def test_croissant_depends_on_content_alone_and_stays_small(facts, tmp_path):
    def written(name: str, digest: str = '0' * 64, **changes: object) -> str:
        other = dataclasses.replace(facts, folder=str(tmp_path / name), **changes)
        return (tmp_path / name / write_croissant(other, {part_name('examples', 0, 1): digest})).read_text()

    assert written('here') == written('there')
    assert json.loads(written('here'))['version'] != json.loads(written('there', '1' * 64))['version']
    assert len(written('large', shards=100_000)) <= len(written('small', shards=1)) + 5


def test_datasets_opens_the_folder_by_its_card(folder, offline):
    loaded = datasets.load_dataset(str(folder))
    assert list(loaded) == ['examples']  # not `train`: it holds all splits
    table = loaded['examples']
    assert table.features['label'].names == list(CLASSES)
    assert table[0]['image'].size == (SIZE, SIZE)
    found = list(table.cast_column('image', datasets.Image(decode=False)))
    assert [row | {'image': row['image']['bytes']} for row in found] == rows(folder, 'examples')


def test_pandas_reads_the_same_rows(folder):
    table = pandas.read_parquet(folder / 'examples')
    assert list(table['face_id']) == [row['face_id'] for row in rows(folder, 'examples')]
    assert Counter(table['split']) == Counter(row['split'] for row in EXAMPLE_ROWS)


def test_tfds_gives_source_and_weight(folder):
    builder = tfds.builder_from_directory(str(folder))
    expected = {row['face_id']: row for row in EXAMPLE_ROWS}
    found = [example for split in SPLITS for example in tfds.as_numpy(builder.as_dataset(split=split))]
    assert len(found) == len(expected)
    for example in found:
        row = expected[example['face_id'].decode()]
        assert (example['source'].decode(), example['weight']) == (row['source'], np.float32(row['weight']))
        assert example['image'].shape == (SIZE, SIZE, 1)


def test_tfds_does_not_read_what_is_compressed(compressed, folder):
    names = {'dataset_info.json', 'features.json', 'label.labels.txt'}
    assert not names & {path.name for path in compressed.iterdir()}
    for name in names:
        shutil.copy(folder / name, compressed / name)
    with pytest.raises(tf.errors.DataLossError):
        list(tfds.builder_from_directory(str(compressed)).as_dataset(split='train'))


@pytest.mark.parametrize(('compression', 'readers'), [('none', 5), ('gzip', 4)])
def test_the_snippets_of_the_card_run(compression, readers, tmp_path, offline, monkeypatch):
    folder = tmp_path / 'dataset'
    write_dataset(folder, compression=compression)
    monkeypatch.chdir(folder)
    snippets = re.findall(r'```python\n(.*?)```', (folder / 'README.md').read_text(), re.DOTALL)
    assert len(snippets) == readers
    assert any('tensorflow_datasets' in snippet for snippet in snippets) == (compression == 'none')
    for snippet in snippets:
        said = io.StringIO()
        with redirect_stdout(said):
            exec(snippet, {})
        assert str(SIZE) in said.getvalue() or 'happiness    4' in said.getvalue()


def test_the_card_counts_what_there_is(folder):
    text = (folder / 'README.md').read_text()
    counts = table_of(text, 'Examples')
    found = Counter((row['split'], row['label_name']) for row in rows(folder, 'examples'))
    for name in CLASSES:
        assert counts[name] == [str(found[split, name]) for split in SPLITS] + [str(sum(found[split, name] for split in SPLITS))]
    assert counts['all'] == ['9', '2', '2', '13']
    assert table_of(text, 'Sources') == {'wild': ['CC BY 4.0', '1', '10', '3'], 'studio': ['not said', '0.3', '3', '4']}
    left_out = table_of(text, 'Left out')
    assert [(reason, row[0]) for reason, row in left_out.items()] == [
        ('`duplicates_cross_splits`', '1,234'),
        ('`no_face`', '4'),
        ('`tie`', '4'),
    ]
    assert list(table_of(text, 'Duplicates').values()) == [['5', '6', '2', '1'], ['7', '9', '3', '2']]
    assert list(table_of(text, 'Columns')) == [f'`{name}`' for name in EXAMPLES.names]


def test_the_card_says_the_config_that_made_it(folder, facts):
    said = yaml.safe_load(re.search(r'```yaml\n(.*?)```', (folder / 'README.md').read_text(), re.DOTALL)[1])
    assert (said['classes'], said['crop_size']) == (list(CLASSES), SIZE)
    higher = dataclasses.replace(facts.config, failure_ceiling=0.9, reject_ceiling=0.9)  # ceilings decide about a run, not about a dataset
    before = (folder / 'README.md').read_bytes()
    write_card(dataclasses.replace(facts, config=higher), [f'sheets/{name}.png' for name in CLASSES if name != 'surprise'])
    assert (folder / 'README.md').read_bytes() == before


def test_a_name_with_a_bar_stays_in_its_cell(facts, tmp_path):
    source = dataclasses.replace(SOURCES[0], name='a|b', licence='one\n| two')
    write_card(dataclasses.replace(facts, folder=str(tmp_path), sources=(source,)), [])
    assert table_of((tmp_path / 'README.md').read_text(), 'Sources') == {'a\\|b': ['one \\| two', '1', '10', '3']}


def test_a_dataset_without_examples_has_a_card(facts, tmp_path):
    none = {split: dict.fromkeys(CLASSES, 0) for split in SPLITS}
    empty = dataclasses.replace(facts, folder=str(tmp_path), counts=none, rejects={}, shards=1, files=())
    write_table(tmp_path / part_name('examples', 0, 1), [], EXAMPLES)
    assert write_sheets(empty) == []
    write_card(empty, [])
    text = (tmp_path / 'README.md').read_text()
    assert 'Nothing was left out.' in text
    assert '```python' not in text


@pytest.mark.parametrize(
    ('said', 'hub'),
    [
        ([None], 'unknown'),
        (['CC BY 4.0'], 'cc-by-4.0'),
        (['CC BY 4.0', 'cc-by-4.0'], 'cc-by-4.0'),
        (['CC BY 4.0', None], 'other'),
        (['CC BY 4.0', 'MIT'], 'other'),
        (['ask first'], 'other'),
    ],
)
def test_the_hub_is_told_a_licence_that_it_knows(said, hub):
    assert hub_licence(said) == hub


def test_sheets_show_the_training_crops_of_each_class(folder):
    assert sorted(path.name for path in (folder / 'sheets').iterdir()) == ['anger.png', 'happiness.png', 'neutral.png']
    assert sorted(greys(folder, 'neutral')) == [0, 20, 40, 60, 80]
    assert sorted(greys(folder, 'happiness')) == [10, 30, 50, 70]
    assert sorted(greys(folder, 'anger')) == [110, 120]  # has no training examples: all it has


def test_sheets_do_not_depend_on_shards_and_show_the_first_of_one_order(facts, folder, tmp_path, monkeypatch):
    write_dataset(tmp_path, shards=1)
    for path in (folder / 'sheets').iterdir():
        assert path.read_bytes() == (tmp_path / 'sheets' / path.name).read_bytes()
    monkeypatch.setattr(contact_sheets, 'CROPS', 2)
    write_sheets(dataclasses.replace(facts, folder=str(tmp_path), shards=1))
    assert greys(tmp_path, 'neutral') == greys(folder, 'neutral')[:2]


@pytest.mark.parametrize(('size', 'side'), [(16, 96), (40, 120), (48, 96), (112, 112), (192, 192), (300, 192)])
@pytest.mark.parametrize('channels', [1, 3])
def test_small_crops_are_enlarged_and_large_ones_reduced(size, side, channels):
    crop = np.random.default_rng(0).integers(0, 256, (size, size, channels), np.uint8)
    shown = contact_sheets.shown(crop)
    assert shown.shape == (side, side, channels)
    if size <= side:
        np.testing.assert_array_equal(shown[:: side // size, :: side // size], crop)


def test_every_reason_has_a_text():
    assert REASON_TEXTS.keys() == set(Reason)


def table_of(card: str, title: str) -> dict[str, list[str]]:
    """The rows of a section's table, by their first cell."""
    section = re.search(rf'^## {title}\n(.*?)(?=^## |\Z)', card, re.DOTALL | re.MULTILINE)[1]
    lines = [[cell.strip() for cell in re.split(r'(?<!\\)\|', line)[1:-1]] for line in section.splitlines() if line.startswith('|')]
    return {name: cells for name, *cells in lines[2:]}


def greys(folder: Path, name: str) -> list[int]:
    """The greys in the middle of a sheet's crops, in their order."""
    side = 3 * SIZE
    sheet = cv2.imread(str(folder / 'sheets' / f'{name}.png'), cv2.IMREAD_GRAYSCALE)
    assert sheet.shape[0] % side == sheet.shape[1] % side == 0
    return sheet[side // 2 :: side, side // 2 :: side].flatten().tolist()
