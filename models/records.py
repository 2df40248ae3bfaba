"""Reads a dataset's records with tf.data: order and content depend on the seed alone.

Examples are decoded anew each epoch: 24,250 crops of 48x48 take 4 s of one core, augmentation included, and memory stays flat whatever the
dataset's size.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from ..configs.errors import UsageError
from .augment import Augmentation, augment
from .dataset import Dataset
from .graph import TransformGraph

SHUFFLE = 16_384
EVALUATION_BATCH = 256
BIG_PRIME = 1_000_003


@dataclass(frozen=True)
class Source:
    """A dataset as one training sees it.

    Attributes:
        classes: the classes that take part, in label order.
        soft: targets are the annotators' distribution; else one-hot.
        weight_scale: factor on the graph's class weights that makes them one on average here; None: examples are not weighed.
    """

    dataset: Dataset
    graph: TransformGraph
    classes: tuple[str, ...]
    soft: bool = False
    weight_scale: float | None = None

    def training(self, first_epoch: int, epochs: int, batch_size: int, seed: int, how: Augmentation) -> tf.data.Dataset:
        """Batches (image float32, target float32 (n, classes), weight float32 (n,)) of epochs `first_epoch` to `epochs`, one after
        the other, each in its own order; `count // batch_size` steps an epoch."""

        def epoch(number: tf.Tensor) -> tf.data.Dataset:
            chosen = self._examples('train', seed + number * BIG_PRIME)
            batches = chosen.batch(batch_size, drop_remainder=True).map(self._targets).enumerate()
            return batches.map(
                lambda step, batch: (augment(batch[0], how, tf.stack([seed + number * BIG_PRIME, step])), *batch[1:]), tf.data.AUTOTUNE
            )

        return tf.data.Dataset.range(first_epoch, epochs).flat_map(epoch).prefetch(4).with_options(_options())

    def evaluation(self, split: str) -> tf.data.Dataset:
        """The same of a split, in the records' order, once, unchanged."""
        examples = sum(self.counts(split)[name] for name in self.classes)
        batches = self._examples(split).batch(EVALUATION_BATCH).map(self._targets).prefetch(4).with_options(_options())
        return batches.apply(tf.data.experimental.assert_cardinality(math.ceil(examples / EVALUATION_BATCH)))

    def crops(self, split: str, batch: int = EVALUATION_BATCH) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Crops uint8 (n, size, size, channels) and labels int64 (n,), indices into `classes`, in the records' order."""
        for example in self._examples(split).batch(batch).as_numpy_iterator():
            names = example['label_name'].tolist()
            yield example['image'], np.array([self.classes.index(name.decode()) for name in names], np.int64)

    def counts(self, split: str) -> dict[str, int]:
        """Number of examples of each class, all classes of the dataset.

        Raises:
            UsageError: one of this training's classes has none in `train`, or the split is empty.
        """
        features = {'label_name': tf.io.FixedLenFeature([], tf.string)}
        names = (
            tf.data.TFRecordDataset(self.dataset.files(split))
            .batch(1024)
            .map(lambda rows: tf.io.parse_example(rows, features)['label_name'])
        )
        found = Counter(name.decode() for rows in names.as_numpy_iterator() for name in rows.tolist())
        empty = [name for name in self.classes if not found[name]]
        if len(empty) == len(self.classes) or (empty and split == 'train'):
            raise UsageError(f'dataset {self.dataset.folder!r}: no example of {", ".join(empty)} in {split}; leave it out with --classes')
        return {name: found[name] for name in self.dataset.classes}

    def _examples(self, split: str, order: tf.Tensor | None = None) -> tf.data.Dataset:
        records = tf.data.TFRecordDataset(self.dataset.files(split))
        if order is not None:
            records = records.shuffle(SHUFFLE, seed=order, reshuffle_each_iteration=False)
        parsed = records.map(self._parse, tf.data.AUTOTUNE)
        return parsed if self.classes == self.dataset.classes else parsed.filter(self._takes_part)

    def _parse(self, record: tf.Tensor) -> dict[str, tf.Tensor]:
        classes = len(self.dataset.classes)
        features = {
            'image': tf.io.FixedLenFeature([], tf.string),
            'label_name': tf.io.FixedLenFeature([], tf.string),
            'label_distribution': tf.io.FixedLenFeature([classes], tf.float32, [0.0] * classes),
        }
        example = tf.io.parse_single_example(record, features)
        crop = self.dataset.crop
        image = tf.io.decode_png(example['image'], channels=crop.channels)
        return example | {'image': tf.ensure_shape(image, [crop.size, crop.size, crop.channels])}

    def _takes_part(self, example: dict[str, tf.Tensor]) -> tf.Tensor:
        return tf.reduce_any(example['label_name'] == tf.constant(self.classes))

    def _targets(self, batch: dict[str, tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        outputs = self.graph(batch['image'], batch['label_name'])
        chosen = [self.dataset.classes.index(name) for name in self.classes]
        target = tf.gather(tf.one_hot(outputs['label'], len(self.dataset.classes)), chosen, axis=1)
        if self.soft:
            votes = tf.gather(batch['label_distribution'], chosen, axis=1)
            total = tf.reduce_sum(votes, axis=1, keepdims=True)
            target = tf.where(total > 0, tf.math.divide_no_nan(votes, total), target)
        weight = outputs['class_weight']
        return outputs['image'], target, tf.ones_like(weight) if self.weight_scale is None else weight * self.weight_scale


def _options() -> tf.data.Options:
    options = tf.data.Options()
    options.deterministic = True
    return options
