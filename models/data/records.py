"""Reads a dataset's records with tf.data: order and content depend on the seed alone.

Records are parsed and decoded a batch at a time. Crops of a training split that take up to HELD_BYTES once decoded are decoded in the first
epoch and held; those of a larger one are decoded anew each epoch, in the same order. So memory is bounded whatever the dataset's size.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from ...configs.errors import UsageError
from .augment import Augmentation, augment
from .examples import BATCH, Examples
from .graph import TransformGraph
from .mixup import mix
from .serialized import rows

SHUFFLE = 16_384
SHUFFLE_BYTES = 1 << 27
HELD_BYTES = 1 << 28
CHUNK = 64  # examples decoded by one call
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
class Source(Examples):
    """A dataset as one training sees it.

    Attributes:
        soft: targets are the annotators' distribution; else one-hot.
        weight_scale: factor on the graph's class weights that makes them one on average here; None: classes are not weighed. Either way
            an example counts as much as its record's `weight` says, 1 where it says nothing.
        teach: makes the targets of training images, as augmented and not yet mixed, of the images and their own; None: they stay.
    """

    graph: TransformGraph
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
        examples = self._held(self.decoded('train', CHUNK))

        def epoch(number: tf.Tensor) -> tf.data.Dataset:
            order = seed + number * BIG_PRIME
            shuffled = examples.unbatch().shuffle(self._window(), seed=order, reshuffle_each_iteration=False)
            batches = _parts(shuffled.batch(batch_size, drop_remainder=True).enumerate(), share)
            return batches.map(lambda step, batch: self._changed(batch, how, tf.stack([order, step])), tf.data.AUTOTUNE)

        return tf.data.Dataset.range(first_epoch, epochs).flat_map(epoch).prefetch(4).with_options(_options())

    def evaluation(self, split: str, share: Share = WHOLE) -> tf.data.Dataset:
        """The same of a split, in the records' order, once, unchanged; a share of it, `evaluation_steps` batches, again and again."""
        if share != WHOLE:
            batches = _parts(self.decoded(split, CHUNK).rebatch(self._evaluation_batch(split, share.of)).enumerate(), share)
            return batches.map(lambda _, batch: self._targets(batch)).repeat().prefetch(4).with_options(_options())
        batches = self.decoded(split, BATCH).map(self._targets).prefetch(4).with_options(_options())
        return batches.apply(tf.data.experimental.assert_cardinality(math.ceil(self.size(split) / BATCH)))

    def evaluation_steps(self, split: str, of: int) -> int:
        """Number of batches that each of so many shares has."""
        return math.ceil(self.size(split) / self._evaluation_batch(split, of))

    def shares(self, split: str) -> np.ndarray:
        """Weighted mean of the targets, float64 (k,): how often a network that learns them expects each class."""
        batches = [(target, weight) for _, target, weight in rows(self.evaluation(split), self.folders)]
        targets, weights = (np.concatenate(parts) for parts in zip(*batches, strict=True))
        return np.average(targets.astype(np.float64), axis=0, weights=weights)

    def _held(self, examples: tf.data.Dataset) -> tf.data.Dataset:
        return examples.cache() if self.size('train') * self._crop_bytes() <= HELD_BYTES else examples

    def _evaluation_batch(self, split: str, of: int) -> int:
        """The greatest batch of which even the last one has an example for each of so many shares: kernels may fail without one."""
        examples = self.size(split)
        fitting = (size for size in range(BATCH, of - 1, -1) if examples % size == 0 or examples % size >= of)
        found = next(fitting, None)
        if found is None:
            raise UsageError(f'dataset {self.folders}: {examples} examples in {split} are too few for {of} devices; use fewer')
        return found

    def _window(self) -> int:
        return max(1, min(SHUFFLE, SHUFFLE_BYTES // self._crop_bytes()))

    def _crop_bytes(self) -> int:
        return self.dataset.crop.size**2 * self.dataset.crop.channels

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
            votes = batch['label_distribution']
            total = tf.reduce_sum(votes, axis=1, keepdims=True)
            target = tf.where(total > 0, tf.math.divide_no_nan(votes, total), target)
        weight = batch['weight'] if self.weight_scale is None else batch['weight'] * outputs['class_weight'] * self.weight_scale
        return outputs['image'], target, weight


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
