"""A dataset folder in the hands of readers that we did not write: TFDS, tf.data, pandas, `datasets` and mlcroissant."""

import dataclasses
import io
import json
import re
import shutil
import socket
from collections import Counter
from contextlib import redirect_stdout

import datasets
import mlcroissant
import numpy as np
import pandas
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds

from mien.configs.schema import SPLITS
from mien.pipelines.croissant import write_croissant
from mien.transforms.example_tables import EXAMPLES
from mien.transforms.parts import part_name
from mien.transforms.tables import from_png
from tests.small_dataset import (
    CLASSES,
    EXAMPLE_ROWS,
    SIZE,
    write_dataset,
)
from tests.snapshots import rows


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
