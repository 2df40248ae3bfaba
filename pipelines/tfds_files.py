"""The files by which `tfds.builder_from_directory` opens a dataset, written as plain JSON: no TFDS is needed to build.

Source: dataset_info.proto and feature.proto of tensorflow-datasets 4.9.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..configs.schema import SPLITS, BuildConfig
from ..storage.path import AnyPath, located
from ..transforms.example_tables import TEXTS
from ..transforms.parts import write_json, write_whole
from ..transforms.record_files import RecordFile

FEATURES = 'tensorflow_datasets.core.features'
TEMPLATE = '{DATASET}-{SPLIT}.{FILEFORMAT}-{SHARD_X_OF_Y}'
VERSION = '1.0.0'
NAMES = ('dataset_info.json', 'features.json', 'label.labels.txt')


def opens(config: BuildConfig) -> bool:
    """Whether TFDS can open the dataset: it hands record files to TensorFlow without a word on compression, which reads none then."""
    return config.compression == 'none'


def write_tfds_files(folder: str | AnyPath, config: BuildConfig, files: Sequence[RecordFile]) -> list[str]:
    """Writes dataset_info.json, features.json and the class names, where TFDS can open the dataset; gives their names."""
    if not opens(config):
        return []
    info, types, classes = NAMES
    write_json(located(folder, info), dataset_info(folder, config, files))
    write_json(located(folder, types), features(config))
    write_whole(located(folder, classes), lambda file: file.write(''.join(f'{name}\n' for name in config.classes).encode()))
    return list(NAMES)


def dataset_info(folder: str | AnyPath, config: BuildConfig, files: Sequence[RecordFile]) -> dict[str, Any]:
    """The dataset's name and, of each split that has examples, the lengths and bytes of its files."""
    splits = [split for split in SPLITS if any(file.split == split for file in files)]
    return {
        'name': config.name,
        'version': VERSION,
        'description': f'Faces labelled {", ".join(config.classes)}, built by mien.',
        'fileFormat': 'tfrecord',
        'splits': [_split(folder, split, [file for file in files if file.split == split]) for split in splits],
    }


def features(config: BuildConfig) -> dict[str, Any]:
    """The types of an example's features."""
    shape = _shape(config.crop_size, config.crop_size, config.crop_channels)
    image = {'dtype': 'uint8', 'encodingFormat': 'png', 'shape': shape}
    known = {name: _feature('text_feature.Text', 'text', {}) for name in TEXTS} | {
        'image': _feature('image_feature.Image', 'image', image),
        'label': _feature('class_label_feature.ClassLabel', 'classLabel', {'numClasses': str(len(config.classes))}),
        'label_distribution': _floats(len(config.classes)),
        'weight': _floats(),
    }
    return _feature('features_dict.FeaturesDict', 'featuresDict', {'features': known})


def _split(folder: str | AnyPath, split: str, files: Sequence[RecordFile]) -> dict[str, Any]:
    return {
        'name': split,
        'filepathTemplate': TEMPLATE,
        'numBytes': str(sum(located(folder, file.name).stat().st_size for file in files)),
        'shardLengths': [str(file.examples) for file in files],
    }


def _floats(*dimensions: int) -> dict[str, Any]:
    return _feature('tensor_feature.Tensor', 'tensor', {'dtype': 'float32', 'encoding': 'none', 'shape': _shape(*dimensions)})


def _feature(python_class: str, kind: str, value: dict[str, Any]) -> dict[str, Any]:
    return {'pythonClassName': f'{FEATURES}.{python_class}', kind: value}


def _shape(*dimensions: int) -> dict[str, list[str]]:
    return {'dimensions': [str(size) for size in dimensions]}
