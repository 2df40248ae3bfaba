"""A dataset small enough to train on in seconds, in the layout of `mien build`, and a package trained on it."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import apache_beam as beam
import numpy as np
import pytest
import tensorflow as tf

from mien.configs.load import load
from mien.configs.schema import Crop, TrainConfig
from mien.models.data.dataset import Dataset
from mien.models.package import ModelPackage, sha256
from mien.models.training.train import train
from mien.transforms.preprocess import AnalyzeExamples, crop_sums, tidy

CLASSES = ('neutral', 'happiness', 'surprise')
CROP = Crop('arcface-112', 1.0, 32, 1)
SIZES = {'train': 96, 'validation': 40, 'test': 40}
CONFIG = {'architecture': 'compact_resnet', 'epochs': 4, 'batch_size': 16, 'soft_labels': True, 'contrast': 0.1, 'seed': 5}


def _example(crop: np.ndarray, label: int, uri: str) -> tf.train.Example:
    votes = np.full(len(CLASSES), 0.1, np.float32)
    votes[label] = 0.8
    texts = {'image': tf.io.encode_png(crop).numpy(), 'label_name': CLASSES[label].encode(), 'uri': uri.encode()}
    features = {name: tf.train.Feature(bytes_list=tf.train.BytesList(value=[text])) for name, text in texts.items()}
    features['label'] = tf.train.Feature(int64_list=tf.train.Int64List(value=[label]))
    features['label_distribution'] = tf.train.Feature(float_list=tf.train.FloatList(value=votes))
    return tf.train.Example(features=tf.train.Features(feature=features))


def _crops(seed: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Noise with a bright bar at a place of its class; half are neutral, a third happiness, a sixth surprise."""
    random = np.random.default_rng(seed)
    labels = np.array([0, 0, 0, 1, 1, 2])[np.arange(count) % 6]
    crops = random.integers(0, 120, (count, CROP.size, CROP.size, 1)).astype(np.uint8)
    for crop, label in zip(crops, labels, strict=True):
        crop[4 + 9 * label : 10 + 9 * label, 6:26] += 110
    return crops, labels


@pytest.fixture(scope='session')
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """96 train, 40 validation, 40 test crops of 32x32 in three classes; train in two files."""
    folder = tmp_path_factory.mktemp('dataset')
    sums = []
    for seed, (split, count) in enumerate(SIZES.items()):
        crops, labels = _crops(seed, count)
        files = 2 if split == 'train' else 1
        for number in range(files):
            with tf.io.TFRecordWriter(str(folder / f'tiny-{split}.tfrecord-{number:05d}-of-{files:05d}')) as writer:
                for index in range(number, count, files):
                    writer.write(_example(crops[index], labels[index], f'{split}/{index}').SerializeToString(deterministic=True))
        if split == 'train':
            sums = [crop_sums(CLASSES[label], crop) for crop, label in zip(crops, labels, strict=True)]
    with beam.Pipeline(runner='FnApiRunner') as pipeline:
        _ = pipeline | beam.Create(sums) | AnalyzeExamples(CLASSES, CROP, str(folder))
    tidy(folder)
    config = {'name': 'tiny', 'classes': CLASSES} | {f'crop_{key}': value for key, value in asdict(CROP).items()}
    files = {path.relative_to(folder).as_posix(): sha256(path) for path in folder.rglob('*') if path.is_file()}
    (folder / 'snapshot.json').write_text(json.dumps({'config': config, 'files': files}))
    return Dataset.load(folder)


@pytest.fixture
def rewritten(dataset: Dataset, tmp_path: Path) -> Callable[..., Dataset]:
    """A copy of `dataset` whose examples are each changed in place, its record files compressed or not."""

    def copy(change: Callable[[tf.train.Example], None] = lambda _: None, compression: str = 'none') -> Dataset:
        folder = shutil.copytree(dataset.folder, tmp_path / 'rewritten')
        for path in folder.glob('*.tfrecord-*'):
            _rewrite(path, change)
            if compression == 'gzip':
                path.write_bytes(gzip.compress(path.read_bytes()))
        snapshot = json.loads((folder / 'snapshot.json').read_text())
        snapshot['config']['compression'] = compression
        snapshot['files'] = {name: sha256(folder / name) for name in snapshot['files']}
        (folder / 'snapshot.json').write_text(json.dumps(snapshot))
        return Dataset.load(folder)

    return copy


def _rewrite(path: Path, change: Callable[[tf.train.Example], None]) -> None:
    examples = [tf.train.Example.FromString(record) for record in tf.data.TFRecordDataset(str(path)).as_numpy_iterator()]
    with tf.io.TFRecordWriter(str(path)) as writer:
        for example in examples:
            change(example)
            writer.write(example.SerializeToString(deterministic=True))


@pytest.fixture(scope='session')
def train_config() -> Callable[..., TrainConfig]:
    """The options of `package`, some of them replaced."""
    return lambda **changes: replace(load(TrainConfig, 'train', None, CONFIG), **changes)


@pytest.fixture(scope='session')
def package(dataset: Dataset, train_config: Callable[..., TrainConfig], tmp_path_factory: pytest.TempPathFactory) -> ModelPackage:
    """A package of four uninterrupted epochs."""
    out: Path = tmp_path_factory.mktemp('trained') / 'package'
    return train([dataset.folder], str(out), train_config(), 'mien train tiny')
