"""Reads a dataset's records with tf.data: order and content depend on the seed alone.

Records are parsed and decoded a batch at a time. Crops of a training split that take up to HELD_BYTES once decoded are decoded in the first
epoch and held; those of a larger one are decoded anew each epoch, in the same order. So memory is bounded whatever the dataset's size.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import tensorflow as tf

from ...configs.errors import UsageError
from ...configs.schema import COMPRESSIONS
from .augment import Augmentation, augment
from .dataset import Dataset
from .graph import TransformGraph
from .mixup import mix
from .store import is_stored
from .stored_records import stored_records, told_plainly

SHUFFLE = 16_384
SHUFFLE_BYTES = 1 << 27
HELD_BYTES = 1 << 28
CHUNK = 64  # examples decoded by one call
EVALUATION_BATCH = 256
BIG_PRIME = 1_000_003

Teach = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]


@dataclass(frozen=True)
class Share:
    """The part of each batch that one process takes: of `of` equal parts those from `first` to before `end`, one batch each."""

    of: int
    first: int
    end: int


WHOLE = Share(1, 0, 1)


@dataclass(frozen=True)
class Source:
    """A dataset as one training sees it.

    Attributes:
        classes: the classes that take part, in label order.
        soft: targets are the annotators' distribution; else one-hot.
        weight_scale: factor on the graph's class weights that makes them one on average here; None: classes are not weighed. Either way
            an example counts as much as its record's `weight` says, 1 where it says nothing.
        teach: makes the targets of training images, as augmented and not yet mixed, of the images and their own; None: they stay.
    """

    dataset: Dataset
    graph: TransformGraph
    classes: tuple[str, ...]
    soft: bool = False
    weight_scale: float | None = None
    teach: Teach | None = None

    def training(
        self, first_epoch: int, epochs: int, batch_size: int, seed: int, how: Augmentation, share: Share = WHOLE
    ) -> tf.data.Dataset:
        """Batches (image float32, target float32 (n, classes), weight float32 (n,)) of epochs `first_epoch` to `epochs`, one after
        the other, each in its own order; `count // batch_size` steps an epoch.

        Args:
            batch_size: of the whole batch, of which `share` is a part.
        """
        examples = self._held(self._examples('train', CHUNK))

        def epoch(number: tf.Tensor) -> tf.data.Dataset:
            order = seed + number * BIG_PRIME
            shuffled = examples.unbatch().shuffle(self._window(), seed=order, reshuffle_each_iteration=False)
            batches = _parts(shuffled.batch(batch_size, drop_remainder=True).enumerate(), share)
            return batches.map(lambda step, batch: self._changed(batch, how, tf.stack([order, step])), tf.data.AUTOTUNE)

        return tf.data.Dataset.range(first_epoch, epochs).flat_map(epoch).prefetch(4).with_options(_options())

    def evaluation(self, split: str, share: Share = WHOLE) -> tf.data.Dataset:
        """The same of a split, in the records' order, once, unchanged; a share of it, `evaluation_steps` batches, again and again."""
        if share != WHOLE:
            batches = _parts(self._examples(split, CHUNK).rebatch(self._evaluation_batch(split, share.of)).enumerate(), share)
            return batches.map(lambda _, batch: self._targets(batch)).repeat().prefetch(4).with_options(_options())
        batches = self._examples(split, EVALUATION_BATCH).map(self._targets).prefetch(4).with_options(_options())
        return batches.apply(tf.data.experimental.assert_cardinality(math.ceil(self.size(split) / EVALUATION_BATCH)))

    def evaluation_steps(self, split: str, of: int) -> int:
        """Number of batches that each of so many shares has."""
        return math.ceil(self.size(split) / self._evaluation_batch(split, of))

    def size(self, split: str) -> int:
        """Number of examples that take part."""
        return sum(self.counts(split)[name] for name in self.classes)

    def crops(self, split: str, batch: int = EVALUATION_BATCH) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Crops uint8 (n, size, size, channels) and labels int64 (n,), indices into `classes`, in the records' order."""
        for example in _rows(self._examples(split, batch)):
            names = example['label_name'].tolist()
            yield example['image'], np.array([self.classes.index(name.decode()) for name in names], np.int64)

    def counts(self, split: str) -> dict[str, int]:
        """Number of examples of each class, all classes of the dataset.

        Raises:
            UsageError: one of this training's classes has none in `train`, or the split is empty.
        """
        found = _count(self.dataset, split)
        empty = [name for name in self.classes if not found[name]]
        if len(empty) == len(self.classes) or (empty and split == 'train'):
            raise UsageError(f'dataset {self.dataset.folder!r}: no example of {", ".join(empty)} in {split}; leave it out with --classes')
        return {name: found[name] for name in self.dataset.classes}

    def shares(self, split: str) -> np.ndarray:
        """Weighted mean of the targets, float64 (k,): how often a network that learns them expects each class."""
        batches = [(target, weight) for _, target, weight in _rows(self.evaluation(split))]
        targets, weights = (np.concatenate(parts) for parts in zip(*batches, strict=True))
        return np.average(targets.astype(np.float64), axis=0, weights=weights)

    def faces(self, split: str) -> tuple[list[str], list[str]]:
        """face_id and label_name of all examples of a split, also of classes that take no part, in the records' order.

        The face_id is empty where a record says none.
        """
        features = {'face_id': tf.io.FixedLenFeature([], tf.string, ''), 'label_name': tf.io.FixedLenFeature([], tf.string)}
        parsed = _records(self.dataset, split).batch(1024).map(lambda rows: tf.io.parse_example(rows, features))
        rows = list(_rows(parsed))
        ids, names = ([text.decode() for row in rows for text in row[name].tolist()] for name in ('face_id', 'label_name'))
        return ids, names

    def _examples(self, split: str, batch: int) -> tf.data.Dataset:
        """The examples that take part, decoded, `batch` at a time, in the records' order."""
        decoded = _records(self.dataset, split).batch(batch).map(self._decode, tf.data.AUTOTUNE)
        return decoded if self.classes == self.dataset.classes else decoded.rebatch(batch)

    def _held(self, examples: tf.data.Dataset) -> tf.data.Dataset:
        return examples.cache() if self.size('train') * self._crop_bytes() <= HELD_BYTES else examples

    def _evaluation_batch(self, split: str, of: int) -> int:
        """The greatest batch of which even the last one has an example for each of so many shares: kernels may fail without one."""
        examples = self.size(split)
        fitting = (size for size in range(EVALUATION_BATCH, of - 1, -1) if examples % size == 0 or examples % size >= of)
        found = next(fitting, None)
        if found is None:
            raise UsageError(f'dataset {self.dataset.folder!r}: {examples} examples in {split} are too few for {of} devices; use fewer')
        return found

    def _window(self) -> int:
        return max(1, min(SHUFFLE, SHUFFLE_BYTES // self._crop_bytes()))

    def _crop_bytes(self) -> int:
        return self.dataset.crop.size**2 * self.dataset.crop.channels

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

    def _changed(self, batch: dict[str, tf.Tensor], how: Augmentation, seed: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        image, target, weight = self._targets(batch)
        image = augment(image, how, seed)
        target = target if self.teach is None else self.teach(image, target)
        return mix(image, target, weight, how.mixup, tf.random.fold_in(seed, 2))

    def _targets(self, batch: dict[str, tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        outputs = self.graph(batch['image'], batch['label_name'])
        chosen = [self.dataset.classes.index(name) for name in self.classes]
        target = tf.gather(tf.one_hot(outputs['label'], len(self.dataset.classes)), chosen, axis=1)
        if self.soft:
            votes = tf.gather(batch['label_distribution'], chosen, axis=1)
            total = tf.reduce_sum(votes, axis=1, keepdims=True)
            target = tf.where(total > 0, tf.math.divide_no_nan(votes, total), target)
        weight = batch['weight'] if self.weight_scale is None else batch['weight'] * outputs['class_weight'] * self.weight_scale
        return outputs['image'], target, weight


@lru_cache(maxsize=64)
def _count(dataset: Dataset, split: str) -> Counter[str]:
    features = {'label_name': tf.io.FixedLenFeature([], tf.string)}
    names = _records(dataset, split).batch(1024).map(lambda rows: tf.io.parse_example(rows, features)['label_name'])
    return Counter(name.decode() for rows in _rows(names) for name in rows.tolist())


def _records(dataset: Dataset, split: str) -> tf.data.Dataset:
    if is_stored(dataset.folder):
        return stored_records(dataset.files(split), dataset.compression)
    return tf.data.TFRecordDataset(dataset.files(split), COMPRESSIONS[dataset.compression])


def _rows(batches: tf.data.Dataset) -> Iterator[Any]:
    with told_plainly():
        yield from batches.as_numpy_iterator()


def _parts(batches: tf.data.Dataset, share: Share) -> tf.data.Dataset:
    """Of each (number, batch) the share's parts, every `of`-th example, each with a number of its own."""
    if share == WHOLE:
        return batches

    def parts(number: tf.Tensor, batch: dict[str, tf.Tensor]) -> tf.data.Dataset:
        places = tf.data.Dataset.range(share.first, share.end)
        return places.map(lambda place: (number * share.of + place, {name: column[place :: share.of] for name, column in batch.items()}))

    return batches.flat_map(parts)


def _options() -> tf.data.Options:
    options = tf.data.Options()
    options.deterministic = True
    return options
