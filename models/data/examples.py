"""Examples out of the records of one or several datasets, parsed and decoded a batch at a time, in the records' order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import reduce

import numpy as np
import tensorflow as tf

from ...configs.errors import UsageError
from .dataset import SEVERAL, Dataset, id_of
from .serialized import count, rows, serialized

BATCH, FEW = 256, 1024


@dataclass(frozen=True)
class Examples:
    """A dataset's examples of some classes: all that measuring a model needs.

    Attributes:
        classes: the classes that take part, in label order.
        also: datasets of the same crops, whose examples follow.
    """

    dataset: Dataset
    classes: tuple[str, ...]
    also: tuple[Dataset, ...] = field(default=(), kw_only=True)

    @property
    def datasets(self) -> tuple[Dataset, ...]:
        """All whose examples these are."""
        return (self.dataset, *self.also)

    @property
    def id(self) -> str:
        """`name@digest`, of several one after the other."""
        return id_of(self.datasets)

    @property
    def folders(self) -> str:
        """Their folders, for a message."""
        return SEVERAL.join(repr(part.folder) for part in self.datasets)

    def parts(self) -> list[Examples]:
        """The examples of each dataset."""
        return [Examples(dataset, self.classes) for dataset in self.datasets]

    def size(self, split: str) -> int:
        """Number of examples that take part."""
        return sum(self.counts(split)[name] for name in self.classes)

    def holds(self, split: str) -> bool:
        """Whether the dataset has the split, and in it an example that takes part."""
        return any(split in part.splits() and any(count(part, split)[name] for name in self.classes) for part in self.datasets)

    def crops(self, split: str, batch: int = BATCH) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Crops uint8 (n, size, size, channels) and labels int64 (n,), indices into `classes`, in the records' order."""
        for example in rows(self.decoded(split, batch), self.folders):
            names = example['label_name'].tolist()
            yield example['image'], np.array([self.classes.index(name.decode()) for name in names], np.int64)

    def counts(self, split: str) -> dict[str, int]:
        """Number of examples of each class, all classes of the dataset.

        Raises:
            UsageError: one of this training's classes has none in `train`, or the split is empty.
        """
        found = sum((count(part, split) for part in self._holding(split)), Counter[str]())
        empty = [name for name in self.classes if not found[name]]
        if len(empty) == len(self.classes):
            raise UsageError(f'dataset {self.folders}: no example of {", ".join(empty)} in {split}; build it with some there')
        if empty and split == 'train':
            what = f'no example of {", ".join(empty)} in {split}'
            raise UsageError(f'dataset {self.folders}: {what}; leave it out with --classes (of train, or of build)')
        return {name: found[name] for name in self.dataset.classes}

    def faces(self, split: str) -> tuple[list[str], list[str]]:
        """face_id and label_name of all examples of a split, also of classes that take no part, in the records' order.

        The face_id is empty where a record says none.
        """
        features = {'face_id': tf.io.FixedLenFeature([], tf.string, ''), 'label_name': tf.io.FixedLenFeature([], tf.string)}
        records = reduce(tf.data.Dataset.concatenate, (serialized(part, split) for part in self._holding(split)))
        found = list(rows(records.batch(1024).map(lambda some: tf.io.parse_example(some, features)), self.folders))
        ids, names = ([text.decode() for row in found for text in row[name].tolist()] for name in ('face_id', 'label_name'))
        return ids, names

    def are_divided(self, split: str) -> bool:
        """Whether any of the first FEW faces of a split of any of the datasets has votes for more than one class."""
        firsts = (next(rows(part.decoded(split, FEW), part.folders)) for part in self.parts() if part.holds(split))
        return any(bool((first['label_distribution'].max(axis=1) < first['label_distribution'].sum(axis=1)).any()) for first in firsts)

    def decoded(self, split: str, batch: int) -> tf.data.Dataset:
        """The examples that take part, decoded, `batch` at a time, in the records' order."""
        holding = self._holding(split)
        decoded = [self._decoded(part, split, batch) for part in holding]
        whole = reduce(tf.data.Dataset.concatenate, decoded)
        return whole if len(holding) == 1 and self._all_take_part(holding[0]) else whole.rebatch(batch)

    def _holding(self, split: str) -> list[Dataset]:
        found = [part for part in self.datasets if split in part.splits()]
        if not found:
            self.dataset.files(split)  # raises, and says what there is
        return found

    def _all_take_part(self, part: Dataset) -> bool:
        return set(part.classes) <= set(self.classes)

    def _decoded(self, part: Dataset, split: str, batch: int) -> tf.data.Dataset:
        return serialized(part, split).batch(batch).map(lambda records: self._decode(records, part), tf.data.AUTOTUNE)

    def _decode(self, records: tf.Tensor, part: Dataset) -> dict[str, tf.Tensor]:
        classes, crop = len(part.classes), part.crop
        features = {
            'image': tf.io.FixedLenFeature([], tf.string),
            'label_name': tf.io.FixedLenFeature([], tf.string),
            'label_distribution': tf.io.FixedLenFeature([classes], tf.float32, [0.0] * classes),
            'weight': tf.io.FixedLenFeature([], tf.float32, 1.0),
        }
        examples = tf.io.parse_example(records, features)
        if not self._all_take_part(part):
            takes_part = tf.reduce_any(examples['label_name'][:, None] == tf.constant(self.classes), axis=1)
            examples = {name: tf.boolean_mask(column, takes_part) for name, column in examples.items()}
        pixels = tf.TensorSpec([crop.size, crop.size, crop.channels], tf.uint8)
        image = tf.map_fn(lambda png: tf.io.decode_png(png, crop.channels), examples['image'], fn_output_signature=pixels)
        return examples | {'image': image, 'label_distribution': self._votes(examples['label_distribution'], part)}

    def _votes(self, votes: tf.Tensor, part: Dataset) -> tf.Tensor:
        """A dataset's votes as float32 (n, k), of the classes that take part: none for one that it doesn't know."""
        known = [part.classes.index(name) if name in part.classes else len(part.classes) for name in self.classes]
        return tf.gather(tf.pad(votes, [[0, 0], [0, 1]]), known, axis=1)
