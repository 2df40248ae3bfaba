"""`mien build` on real faces: the laws of a snapshot, and readers that we did not write."""

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import cv2
import duckdb
import numpy as np
import pandas
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds
import tensorflow_transform as tft

from mien.configs.errors import UsageError
from mien.configs.load import as_dict, load
from mien.configs.schema import Crop, TrainConfig
from mien.models.data.dataset import Dataset
from mien.models.training.fit import open_source
from mien.pipelines.build import build
from mien.pipelines.runners import Run
from tests.real_faces import FACES, configured
from tests.snapshots import content, rows

SPLIT_MAP = {'PublicTest': 'train', 'Training': 'test'}  # PublicTest is what these tests read, and training is what they look at


@pytest.fixture(scope='module')
def config(labels):
    return configured(labels=(str(labels),), split_map=SPLIT_MAP, shards=4)


@pytest.fixture(scope='module')
def dataset(faces, config, tmp_path_factory):
    out = tmp_path_factory.mktemp('out') / 'dataset'
    build([str(faces)], str(out), config, Run())
    return out


def said(dataset: Path) -> dict:
    return json.loads((dataset / 'snapshot.json').read_text())


def test_every_input_and_label_is_an_example_or_a_reject(dataset, labels):
    examples, rejects = rows(dataset, 'examples'), rows(dataset, 'rejects')
    assert len(rows(dataset, 'images')) == FACES + 1
    assert len(examples) + len(rejects) == FACES + 2
    reasons = Counter(row['reason'] for row in rejects)
    assert {reason: reasons[reason] for reason in ('not_an_image', 'image_missing', 'bad_votes', 'unknown_split')} == {
        'not_an_image': 1,
        'image_missing': 1,
        'bad_votes': 1,
        'unknown_split': 1,
    }
    policies = {'tie', 'unknown', 'not_a_face', 'duplicate', 'duplicates_cross_splits'}
    assert reasons.keys() <= {'not_an_image', 'image_missing', 'bad_votes', 'unknown_split'} | policies
    missing = next(row for row in rejects if row['reason'] == 'image_missing')
    assert (missing['uri'], missing['detail']) == ('fer9999999.png', f'row {FACES + 1} of labels.csv')


def test_labels_are_the_majority_of_the_votes(dataset, labels, config):
    table = pandas.read_csv(labels).set_index('image')
    for row in rows(dataset, 'examples'):
        votes = table.loc[Path(row['uri']).name, [config.votes[name] for name in config.classes]].astype(float).to_numpy()
        assert row['label_name'] == config.classes[row['label']] == config.classes[int(votes.argmax())]
        np.testing.assert_allclose(row['label_distribution'], votes / votes.sum(), rtol=1e-6)


def test_whole_faces_keep_their_pixels(dataset, faces):
    for row in rows(dataset, 'examples')[:20]:
        image = cv2.imdecode(np.frombuffer(row['image'], np.uint8), cv2.IMREAD_UNCHANGED)
        np.testing.assert_array_equal(image, cv2.imread(str(faces / row['uri']), cv2.IMREAD_GRAYSCALE))


def test_tfds_opens_the_folder(dataset, config):
    builder = tfds.builder_from_directory(str(dataset))
    by_face = {row['face_id']: row for row in rows(dataset, 'examples')}
    assert builder.info.features['label'].names == list(config.classes)
    assert set(builder.info.splits) == {'train', 'validation'}
    seen = 0
    for split in builder.info.splits:
        examples = list(tfds.as_numpy(builder.as_dataset(split=split)))
        assert len(examples) == builder.info.splits[split].num_examples
        for example in examples:
            row = by_face[example['face_id'].decode()]
            assert (row['split'], row['uri'], row['label']) == (split, example['uri'].decode(), example['label'])
            assert (row['source'], row['weight']) == (example['source'].decode(), example['weight'])
            assert example['image'].shape == (48, 48, 1)
            assert example['label_distribution'].tolist() == row['label_distribution']
        seen += len(examples)
    assert seen == len(by_face)


def test_plain_tf_data_pandas_and_duckdb_read_it(dataset):
    examples = pandas.read_parquet(dataset / 'examples')
    files = sorted(map(str, dataset.glob('fer2013_ferplus-*.tfrecord-*')))
    features = {name: tf.io.FixedLenFeature([], tf.string) for name in ('image', 'face_id', 'uri', 'subject', 'label_name')}
    records = tf.data.TFRecordDataset(files).map(lambda record: tf.io.parse_single_example(record, features))
    images = {record['face_id'].decode(): record['image'] for record in records.as_numpy_iterator()}
    assert images == dict(zip(examples['face_id'], examples['image'], strict=True))
    query = f"SELECT split, label_name, count(*) FROM '{dataset}/examples/*.parquet' GROUP BY ALL"
    counted = {(split, name): number for split, name, number in duckdb.sql(query).fetchall()}
    tallies = said(dataset)['tallies']
    assert counted == {(split, name): number for split in ('train', 'validation', 'test') for name, number in tallies[split].items()}


def test_the_graph_knows_the_training_split_alone(dataset):
    train = [row for row in rows(dataset, 'examples') if row['split'] == 'train']
    pixels = np.stack([cv2.imdecode(np.frombuffer(row['image'], np.uint8), cv2.IMREAD_UNCHANGED) for row in train])
    output = tft.TFTransformOutput(str(dataset))
    inputs = {'image': tf.constant(pixels[:1, :, :, None]), 'label_name': tf.constant([train[0]['label_name']])}
    sums = {name: tf.constant([0], tf.int64) for name in ('pixel_sum', 'pixel_square_sum', 'pixel_count')}
    found = output.transform_raw_features(inputs | sums)
    assert found['pixel_mean'].numpy()[0] == pytest.approx(pixels.mean(), rel=1e-6)
    assert found['pixel_variance'].numpy()[0] == pytest.approx(pixels.astype(float).var(), rel=1e-6)
    assert found['label'].numpy()[0] == train[0]['label']
    assert len(output.vocabulary_by_name('label_name')) == len({row['label_name'] for row in train})


def test_mien_train_reads_it(dataset, config):
    found = Dataset.load(str(dataset))
    assert (found.name, found.classes) == (config.name, config.classes)
    assert found.crop == Crop(config.crop_template, config.crop_scale, config.crop_size, config.crop_channels)
    written = {row['face_id']: row for row in rows(dataset, 'examples') if row['split'] == 'train'}
    counts = Counter(row['label_name'] for row in written.values())
    source = open_source(found, load(TrainConfig, 'train', None, {'classes': tuple(counts)}))
    assert source.counts('train') == {name: counts[name] for name in config.classes}
    ids, _ = source.faces('train')
    (crops, labels), *_ = source.crops('train')
    assert len(crops) > 100
    for face_id, crop, label in zip(ids, crops, labels, strict=False):
        row = written[face_id]
        np.testing.assert_array_equal(crop[..., 0], cv2.imdecode(np.frombuffer(row['image'], np.uint8), cv2.IMREAD_UNCHANGED))
        assert source.classes[label] == row['label_name']
    assert [(one.name, one.examples) for one in found.sources] == [(config.name, len(rows(dataset, 'examples')))]


def test_snapshot_names_every_file(dataset):
    files = said(dataset)['files']
    on_disk = {name for name in content(dataset) if name != 'snapshot.json'}
    assert on_disk == files.keys()
    assert not list(dataset.rglob('.*'))


def test_workers_do_not_change_a_byte(dataset, faces, config, tmp_path):
    build([str(faces)], str(tmp_path / 'again'), config, Run(workers=3))
    assert content(tmp_path / 'again') == content(dataset)


def test_a_complete_dataset_is_left_alone(dataset, faces, config):
    before = {path: path.stat().st_mtime_ns for path in dataset.rglob('*')}
    assert not build([str(faces)], str(dataset), config, Run()).made
    assert {path: path.stat().st_mtime_ns for path in dataset.rglob('*')} == before
    with pytest.raises(UsageError, match=r'validation_share: 0\.1 -> 0\.2'):
        build([str(faces)], str(dataset), dataclasses.replace(config, validation_share=0.2), Run())


STEPS = ('_work/done/*.json', '_work/thumbnails/*', '_work/judged/*.json', '*.tfrecord-*')  # what shows that one has begun


@pytest.mark.slow
def test_a_build_killed_at_step_after_step_is_finished_by_the_same_command(dataset, faces, config, tmp_path):
    """No finished part is written again; what records leave when they are interrupted is put there, too."""
    out, partial = tmp_path / 'killed', tmp_path / 'killed.partial'
    (tmp_path / 'config.yaml').write_text(json.dumps(as_dict(config)))
    command = [sys.executable, '-m', 'mien.pipelines.cli', 'build', str(faces), '--out', str(out), '--config', 'config.yaml']
    parts: dict[Path, int] = {}
    for step in STEPS:
        with subprocess.Popen(command, cwd=tmp_path, start_new_session=True, stderr=subprocess.DEVNULL) as process:
            while process.poll() is None and not list(partial.glob(step)):
                time.sleep(0.01)
            os.killpg(process.pid, signal.SIGKILL)
        assert not out.exists()
        assert list(partial.glob(step))
        assert parts.items() <= (parts := finished_parts(partial)).items()
    assert {path.parts[0] for path in parts} == {'images', 'faces', 'examples', 'rejects', 'duplicates'}
    for name in (f'.{config.name}-train.tfrecord-00000-of-00001.1f', 'transform_fn/saved_model.pb'):
        (partial / name).parent.mkdir(exist_ok=True)
        (partial / name).write_bytes(b'half')
    build([str(faces)], str(out), config, Run())
    assert content(out) == content(dataset)
    assert all((out / path).stat().st_mtime_ns == before for path, before in parts.items())


def finished_parts(partial: Path) -> dict[Path, int]:
    """The parts that markers name, with the time of their last change."""
    markers = [json.loads(path.read_text()) for step in ('done', 'judged') for path in partial.glob(f'_work/{step}/*.json')]
    return {Path(name): (partial / name).stat().st_mtime_ns for marker in markers for name in marker['files']}
