"""Examples out of a dataset's records, parsed and decoded a batch at a time, in the records' order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import tensorflow as tf

from ...configs.errors import UsageError
from ...configs.schema import COMPRESSIONS
from .dataset import Dataset
from .store import is_stored
from .stored_records import stored_records, told_plainly

BATCH = 256


@dataclass(frozen=True)
class Examples:
    """A dataset's examples of some classes: all that measuring a model needs.

    Attributes:
        classes: the classes that take part, in label order.
    """

    dataset: Dataset
    classes: tuple[str, ...]

    def size(self, split: str) -> int:
        """Number of examples that take part."""
        return sum(self.counts(split)[name] for name in self.classes)

    def holds(self, split: str) -> bool:
        """Whether the dataset has the split, and in it an example that takes part."""
        return split in self.dataset.splits() and any(_count(self.dataset, split)[name] for name in self.classes)

    def crops(self, split: str, batch: int = BATCH) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Crops uint8 (n, size, size, channels) and labels int64 (n,), indices into `classes`, in the records' order."""
        for example in rows(self.decoded(split, batch), self.dataset):
            names = example['label_name'].tolist()
            yield example['image'], np.array([self.classes.index(name.decode()) for name in names], np.int64)

    def counts(self, split: str) -> dict[str, int]:
        """Number of examples of each class, all classes of the dataset.

        Raises:
            UsageError: one of this training's classes has none in `train`, or the split is empty.
        """
        found = _count(self.dataset, split)
        empty = [name for name in self.classes if not found[name]]
        if len(empty) == len(self.classes):
            raise UsageError(f'dataset {self.dataset.folder!r}: no example of {", ".join(empty)} in {split}; build it with some there')
        if empty and split == 'train':
            what = f'no example of {", ".join(empty)} in {split}'
            raise UsageError(f'dataset {self.dataset.folder!r}: {what}; leave it out with --classes (of train, or of build)')
        return {name: found[name] for name in self.dataset.classes}

    def faces(self, split: str) -> tuple[list[str], list[str]]:
        """face_id and label_name of all examples of a split, also of classes that take no part, in the records' order.

        The face_id is empty where a record says none.
        """
        features = {'face_id': tf.io.FixedLenFeature([], tf.string, ''), 'label_name': tf.io.FixedLenFeature([], tf.string)}
        parsed = _records(self.dataset, split).batch(1024).map(lambda some: tf.io.parse_example(some, features))
        found = list(rows(parsed, self.dataset))
        ids, names = ([text.decode() for row in found for text in row[name].tolist()] for name in ('face_id', 'label_name'))
        return ids, names

    def decoded(self, split: str, batch: int) -> tf.data.Dataset:
        """The examples that take part, decoded, `batch` at a time, in the records' order."""
        decoded = _records(self.dataset, split).batch(batch).map(self._decode, tf.data.AUTOTUNE)
        return decoded if self.classes == self.dataset.classes else decoded.rebatch(batch)

    def _decode(self, records: tf.Tensor) -> dict[str, tf.Tensor]:
        classes, crop = len(self.dataset.classes), self.dataset.crop
        features = {
            'image': tf.io.FixedLenFeature([], tf.string),
            'label_name': tf.io.FixedLenFeature([], tf.string),
            'label_distribution': tf.io.FixedLenFeature([classes], tf.float32, [0.0] * classes),
            'weight': tf.io.FixedLenFeature([], tf.float32, 1.0),
        }
        examples = tf.io.parse_example(records, features)
        if self.classes != self.dataset.classes:
            takes_part = tf.reduce_any(examples['label_name'][:, None] == tf.constant(self.classes), axis=1)
            examples = {name: tf.boolean_mask(column, takes_part) for name, column in examples.items()}
        pixels = tf.TensorSpec([crop.size, crop.size, crop.channels], tf.uint8)
        image = tf.map_fn(lambda png: tf.io.decode_png(png, crop.channels), examples['image'], fn_output_signature=pixels)
        return examples | {'image': image}


@lru_cache(maxsize=64)
def _count(dataset: Dataset, split: str) -> Counter[str]:
    features = {'label_name': tf.io.FixedLenFeature([], tf.string)}
    names = _records(dataset, split).batch(1024).map(lambda some: tf.io.parse_example(some, features)['label_name'])
    return Counter(name.decode() for some in rows(names, dataset) for name in some.tolist())


def _records(dataset: Dataset, split: str) -> tf.data.Dataset:
    if is_stored(dataset.folder):
        return stored_records(dataset.files(split), dataset.compression)
    return tf.data.TFRecordDataset(dataset.files(split), COMPRESSIONS[dataset.compression])


def rows(batches: tf.data.Dataset, dataset: Dataset) -> Iterator[Any]:
    """The batches as numpy arrays; what a store answers, and what is damaged, is told plainly."""
    with told_plainly(dataset.folder):
        yield from batches.as_numpy_iterator()
