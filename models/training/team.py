"""Several devices or workers that train one model: what each gets, and how they stay equal.

Keras 3.15's `fit` does not work with MultiWorkerMirroredStrategy: it averages scalars over their first dimension (keras issue 20585).
Its step, its loop and its callbacks do; so only the two functions that run a step are ours, and the gradients are added up by Keras's
optimizer through the strategy, as ever.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ...configs.errors import JobFailed, UsageError
from ..data.records import WHOLE, Share
from ..weights.layer_weights import leaves
from .cluster import Cluster, cluster_of
from .devices import strategy_for

PIECE = 1 << 23  # numbers of 8 bytes that are told at once


@dataclass(frozen=True)
class Team:
    """This process and those that train with it.

    Attributes:
        cluster: the workers; None: this process alone.
    """

    strategy: tf.distribute.Strategy
    cluster: Cluster | None = None

    @classmethod
    def of(cls, device: str) -> Team:
        """Waits for the workers that TF_CONFIG names; call it before TensorFlow calculates anything.

        Raises:
            UsageError: see `cluster_of` and `strategy_for`.
        """
        cluster = cluster_of(os.environ)
        return cls(strategy_for(device, cluster), cluster)

    @property
    def chief(self) -> bool:
        """Whether this process writes what is made."""
        return self.cluster is None or self.cluster.index == 0

    @property
    def size(self) -> int:
        """Number of devices that share each batch."""
        return int(self.strategy.num_replicas_in_sync)

    def check(self, batch_size: int) -> None:
        """Raises a UsageError for a batch that cannot be shared out evenly."""
        if batch_size % self.size:
            less = max(batch_size - batch_size % self.size, self.size)
            raise UsageError(f'batch_size {batch_size}: cannot be shared evenly by {self.size} devices; use {less}')

    @contextmanager
    def together(self) -> Iterator[None]:
        """The model is made and trained inside.

        Raises:
            JobFailed: another worker is gone.
        """
        if self.size == 1:
            yield
            return
        with self._all_there(), self.strategy.scope():
            yield

    def shared(self, batches: Callable[[Share], tf.data.Dataset]) -> tf.data.Dataset | tf.distribute.DistributedDataset:
        """The batches of this process, made for its share of each."""
        if self.size == 1:
            return batches(WHOLE)
        return self.strategy.distribute_datasets_from_function(lambda context: batches(self._share(context)))

    def prepare(self, model: keras.Model) -> None:
        """Lets a compiled model train and validate with the others."""
        if self.size == 1:
            return
        if self.cluster is not None:
            model._maybe_symbolic_build = lambda **_: None  # it cannot take a worker's batch either
        model.train_function = self._stepping(model.train_step)
        model.test_function = self._stepping(model.test_step)

    def told(self, data: bytes) -> bytes:
        """What the chief gives, for all; what others give is not looked at."""
        if self.size == 1:
            return data
        length = int(self._first(np.array([len(data)]))[0])
        filled = data[:length].ljust(-(-length // 8) * 8, b'\0')
        numbers = np.frombuffer(filled, np.int64)
        pieces = [self._first(numbers[start : start + PIECE]) for start in range(0, len(numbers), PIECE)]
        return b''.join(piece.tobytes() for piece in pieces)[:length]

    def agree(self, asked: dict[str, Any]) -> None:
        """Checks that all were asked for the same.

        Raises:
            UsageError: this worker's options or dataset are not the chief's.
        """
        if self.cluster is None:
            return
        said = json.loads(self.told(json.dumps(asked).encode()))
        mine = json.loads(json.dumps(asked))
        differences = [f'{key} is {said.get(key)!r} there, {mine.get(key)!r} here' for key in mine | said if said.get(key) != mine.get(key)]
        if differences:
            raise UsageError(f'worker {self.cluster.index}: the chief was asked for another training: {"; ".join(differences)}')

    def give_state(self, path: Path) -> None:
        """Writes the chief's file at each worker's own path; nothing where the chief has none."""
        if self.cluster is None:
            return
        data = self.told(path.read_bytes() if self.chief and path.exists() else b'')
        if data and not self.chief:
            path.write_bytes(data)

    @contextmanager
    def _all_there(self) -> Iterator[None]:
        try:
            yield
        except (tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.InternalError) as error:
            if self.cluster is None:
                raise
            gone = 'another worker is gone; run the same command on each of them, and they go on'
            raise JobFailed(f'worker {self.cluster.index}: {gone}') from error

    def _share(self, context: tf.distribute.InputContext) -> Share:
        here = self.size // context.num_input_pipelines
        return Share(self.size, context.input_pipeline_id * here, (context.input_pipeline_id + 1) * here)

    def _stepping(self, step: Callable[[Any], dict[str, tf.Tensor]]) -> Callable[[Any], dict[str, tf.Tensor]]:
        strategy = self.strategy

        @tf.function(jit_compile=False, reduce_retracing=True)
        def run(batches: Any) -> dict[str, tf.Tensor]:
            figures = strategy.run(step, args=(next(batches),))
            return {name: strategy.reduce('MEAN', figure, axis=None) for name, figure in figures.items()}

        return run

    def _first(self, numbers: np.ndarray) -> np.ndarray:
        """int64 (n,) of the chief's first device."""
        with self._all_there():
            result = _telling(self.strategy)(tf.constant(numbers, tf.int64))
        first: np.ndarray = self.strategy.experimental_local_results(result)[0].numpy()
        return first


class StayEqual(keras.callbacks.Callback):
    """Keeps the devices of a training equal; put it after the callbacks that may end the training.

    Before a validation, each device's statistics of its own batches become their mean: moving averages are linear, so that this is
    what averages of all batches would be.

    Args:
        by_clock: something may end the training between two steps; the chief decides.
    """

    def __init__(self, team: Team, by_clock: bool) -> None:
        super().__init__()
        self.team, self.by_clock = team, by_clock

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        strategy, weights = self.team.strategy, _statistics(self.model)
        self.even_out = tf.function(lambda: strategy.run(lambda: _take_mean(weights)), autograph=False)

    def on_test_begin(self, logs: dict[str, float] | None = None) -> None:
        self.even_out()

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        if self.by_clock:
            self.model.stop_training = bool(self.team.told(bytes([self.model.stop_training]))[0])


@lru_cache(maxsize=1)
def _telling(strategy: tf.distribute.Strategy) -> Callable[[tf.Tensor], tf.Tensor]:
    signature = [tf.TensorSpec([None], tf.int64)]
    return tf.function(lambda numbers: strategy.run(_of_first, args=(numbers,)), input_signature=signature)


def _of_first(numbers: tf.Tensor) -> tf.Tensor:
    context = tf.distribute.get_replica_context()
    mine = numbers if context.replica_id_in_sync_group == 0 else tf.zeros_like(numbers)
    return context.all_reduce('SUM', mine)


def _take_mean(weights: list[keras.Variable]) -> None:
    values = [tf.identity(weight.value) for weight in weights]
    means = tf.distribute.get_replica_context().all_reduce('MEAN', values) if values else []
    for weight, mean in zip(weights, means, strict=True):
        weight.assign(mean)


def _statistics(model: keras.Model) -> list[keras.Variable]:
    """What the layers that learn note of their batches."""
    return [weight for layer in leaves(model) if layer.trainable for weight in layer.non_trainable_weights]
