"""A dataset of crops as FER2013's are, large enough for two steps."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import apache_beam as beam
import numpy as np
import pytest
import tensorflow as tf

from mien.configs.schema import Crop
from mien.models.package import sha256
from mien.transforms.preprocess import AnalyzeExamples, crop_sums, tidy

CLASSES = ('neutral', 'happiness')
CROP = Crop('fer2013', 1.0, 48, 1)
SIZES = {'train': 16, 'validation': 8, 'test': 8}


def _record(crop: np.ndarray, name: str) -> bytes:
    texts = {'image': tf.io.encode_png(crop).numpy(), 'label_name': name.encode()}
    features = {key: tf.train.Feature(bytes_list=tf.train.BytesList(value=[text])) for key, text in texts.items()}
    return tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString(deterministic=True)


@pytest.fixture(scope='session')
def faces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a dataset of 48x48x1 noise, every second one brighter."""
    folder, sums = tmp_path_factory.mktemp('faces'), []
    for seed, (split, count) in enumerate(SIZES.items()):
        names = [CLASSES[index % 2] for index in range(count)]
        crops = np.random.default_rng(seed).integers(0, 128, (count, 48, 48, 1)).astype(np.uint8)
        crops[1::2] += 100
        with tf.io.TFRecordWriter(str(folder / f'zoo-{split}.tfrecord-00000-of-00001')) as writer:
            for crop, name in zip(crops, names, strict=True):
                writer.write(_record(crop, name))
        if split == 'train':
            sums = [crop_sums(name, crop) for crop, name in zip(crops, names, strict=True)]
    with beam.Pipeline(runner='FnApiRunner') as pipeline:
        _ = pipeline | beam.Create(sums) | AnalyzeExamples(CLASSES, CROP, str(folder))
    tidy(folder)
    config = {'name': 'zoo', 'classes': CLASSES} | {f'crop_{key}': value for key, value in asdict(CROP).items()}
    files = {path.relative_to(folder).as_posix(): sha256(path) for path in folder.rglob('*') if path.is_file()}
    (folder / 'snapshot.json').write_text(json.dumps({'config': config, 'files': files}))
    return folder
