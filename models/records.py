"""Reads a dataset's records with tf.data: order and content depend on the seed alone.

Records are parsed and decoded a batch at a time. Crops of a training split that take up to HELD_BYTES once decoded are decoded in the first
epoch and held; those of a larger one are decoded anew each epoch, in the same order. So memory is bounded whatever the dataset's size.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from ..configs.errors import UsageError
from ..configs.schema import COMPRESSIONS
from .augment import Augmentation, augment
from .dataset import Dataset
from .graph import TransformGraph

SHUFFLE = 16_384
SHUFFLE_BYTES = 1 << 27
HELD_BYTES = 1 << 28
CHUNK = 64  # examples decoded by one call
EVALUATION_BATCH = 256
BIG_PRIME = 1_000_003


@dataclass(frozen=True)
class Source:
    """A dataset as one training sees it.

    Attributes:
        classes: the classes that take part, in label order.
        soft: targets are the annotators' distribution; else one-hot.
        weight_scale: factor on the graph's class weights that makes them one on average here; None: classes are not weighed. Either way
            an example counts as much as its record's `weight` says, 1 where it says nothing.
    """

    dataset: Dataset
    graph: TransformGraph
    classes: tuple[str, ...]
    soft: bool = False
    weight_scale: float | None = None

    def training(self, first_epoch: int, epochs: int, batch_size: int, seed: int, how: Augmentation) -> tf.data.Dataset:
        """Batches (image float32, target float32 (n, classes), weight float32 (n,)) of epochs `first_epoch` to `epochs`, one after
        the other, each in its own order; `count // batch_size` steps an epoch."""
        examples = self._held(self._examples('train', CHUNK))

        def epoch(number: tf.Tensor) -> tf.data.Dataset:
            order = seed + number * BIG_PRIME
            shuffled = examples.unbatch().shuffle(self._window(), seed=order, reshuffle_each_iteration=False)
            batches = shuffled.batch(batch_size, drop_remainder=True).enumerate()
            return batches.map(lambda step, batch: self._changed(batch, how, tf.stack([order, step])), tf.data.AUTOTUNE)

        return tf.data.Dataset.range(first_epoch, epochs).flat_map(epoch).prefetch(4).with_options(_options())

    def evaluation(self, split: str) -> tf.data.Dataset:
        """The same of a split, in the records' order, once, unchanged."""
        examples = sum(self.counts(split)[name] for name in self.classes)
        batches = self._examples(split, EVALUATION_BATCH).map(self._targets).prefetch(4).with_options(_options())
        return batches.apply(tf.data.experimental.assert_cardinality(math.ceil(examples / EVALUATION_BATCH)))

    def crops(self, split: str, batch: int = EVALUATION_BATCH) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Crops uint8 (n, size, size, channels) and labels int64 (n,), indices into `classes`, in the records' order."""
        for example in self._examples(split, batch).as_numpy_iterator():
            names = example['label_name'].tolist()
            yield example['image'], np.array([self.classes.index(name.decode()) for name in names], np.int64)

    def counts(self, split: str) -> dict[str, int]:
        """Number of examples of each class, all classes of the dataset.

        Raises:
            UsageError: one of this training's classes has none in `train`, or the split is empty.
        """
        features = {'label_name': tf.io.FixedLenFeature([], tf.string)}
        names = self._records(split, 1024).map(lambda rows: tf.io.parse_example(rows, features)['label_name'])
        found = Counter(name.decode() for rows in names.as_numpy_iterator() for name in rows.tolist())
        empty = [name for name in self.classes if not found[name]]
        if len(empty) == len(self.classes) or (empty and split == 'train'):
            raise UsageError(f'dataset {self.dataset.folder!r}: no example of {", ".join(empty)} in {split}; leave it out with --classes')
        return {name: found[name] for name in self.dataset.classes}

    def _records(self, split: str, batch: int) -> tf.data.Dataset:
        return tf.data.TFRecordDataset(self.dataset.files(split), COMPRESSIONS[self.dataset.compression]).batch(batch)

    def _examples(self, split: str, batch: int) -> tf.data.Dataset:
        """The examples that take part, decoded, `batch` at a time, in the records' order."""
        decoded = self._records(split, batch).map(self._decode, tf.data.AUTOTUNE)
        return decoded if self.classes == self.dataset.classes else decoded.rebatch(batch)

    def _held(self, examples: tf.data.Dataset) -> tf.data.Dataset:
        counts = self.counts('train')
        return examples.cache() if sum(counts[name] for name in self.classes) * self._crop_bytes() <= HELD_BYTES else examples

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
        return augment(image, how, seed), target, weight

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


def _options() -> tf.data.Options:
    options = tf.data.Options()
    options.deterministic = True
    return options
