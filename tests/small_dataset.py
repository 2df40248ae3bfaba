"""All that readers see of a dataset: 13 crops in four classes."""

from pathlib import Path

import numpy as np
import tensorflow as tf

from mien.configs.load import load
from mien.configs.schema import SPLITS, BuildConfig
from mien.pipelines.contact_sheets import write_sheets
from mien.pipelines.croissant import write_croissant
from mien.pipelines.dataset_card import write_card
from mien.pipelines.dataset_facts import DatasetFacts, SourceFacts
from mien.pipelines.tfds_files import write_tfds_files
from mien.transforms.example_tables import EXAMPLES
from mien.transforms.parts import part_name, write_table
from mien.transforms.record_files import RecordFile
from mien.transforms.tables import png
from mien.transforms.tfrecords import serialized

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
