"""Trains an architecture on a dataset, epoch after epoch, each of them on disk before the next begins."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import keras
import tensorflow as tf

from ..configs.errors import UsageError
from ..configs.schema import TrainConfig
from .architecture import InputSpec
from .augment import Augmentation
from .dataset import Dataset
from .graph import TransformGraph
from .journal import Journal, Progress
from .keep import KeepJournal, StopAtNaN
from .phases import Phase, compile_for, phases
from .progress import ShowProgress
from .records import Source
from .registry import builder


@dataclass(frozen=True)
class Fitted:
    """A trained network.

    Attributes:
        network: float32 images to logits, with the weights of the epoch of the least validation loss, and no optimizer.
        progress: figures of every epoch, and which was best.
    """

    network: keras.Model
    progress: Progress


def open_source(dataset: Dataset, config: TrainConfig) -> Source:
    """The dataset as this training sees it.

    Raises:
        UsageError: a class or a split that the training needs is missing.
    """
    classes = dataset.subset(config.classes)
    source = Source(dataset, TransformGraph(dataset), classes, config.soft_labels)
    counts = source.counts('train')
    source.counts('validation')
    if not config.class_weights:
        return source
    share = sum(counts[name] for name in classes) / sum(counts.values())
    return replace(source, weight_scale=share * len(dataset.classes) / len(classes))


def fit(source: Source, config: TrainConfig, journal: Path, logs: Path) -> Fitted:
    """Trains, or goes on where the journal ends. Two runs on one machine give the same weights.

    Args:
        journal: existing folder for the state of the training.
        logs: folder for TensorBoard.
    Raises:
        UsageError: no such architecture, or the device is not here.
        JobFailed: the loss is no number any more.
    """
    _use(config.device)
    keras.utils.clear_session()  # layers are counted from one again: their names stand in the export, and so in its digest
    keras.utils.set_random_seed(config.seed + 1)  # tf.data takes no tensor as its seed while the global seed is 0
    with _precision(config.precision):
        model = network(source, config)
        for phase in phases(config):
            _run(model, phase, source, config, Journal(journal), logs)
    best = network(source, config)
    Journal(journal).restore_best(best)
    return Fitted(best, Journal(journal).progress())


def network(source: Source, config: TrainConfig) -> keras.Model:
    """The architecture, built for a dataset, with fresh weights."""
    crop = source.dataset.crop
    mean, variance = source.graph.pixel_statistics()
    return builder(config.architecture)(
        InputSpec(crop.size, crop.channels, config.input_size or crop.size, mean, variance), len(source.classes)
    )


def _run(model: keras.Model, phase: Phase, source: Source, config: TrainConfig, journal: Journal, logs: Path) -> None:
    done = journal.progress()
    if done.ended or len(done.history) >= phase.end:
        return
    compile_for(model, phase, config)
    examples = sum(source.counts('train')[name] for name in source.classes)
    batch_size = min(config.batch_size, examples)
    steps = examples // batch_size
    model.fit(
        source.training(len(done.history), phase.end, batch_size, config.seed, Augmentation.of(config)),
        initial_epoch=len(done.history),
        epochs=phase.end,
        steps_per_epoch=steps,
        validation_data=source.evaluation('validation'),
        callbacks=_callbacks(phase, config, journal, logs, steps),
        shuffle=False,
        verbose=0,
    )


def _callbacks(phase: Phase, config: TrainConfig, journal: Journal, logs: Path, steps: int) -> list[keras.callbacks.Callback]:
    plateau = keras.callbacks.ReduceLROnPlateau(factor=config.plateau_factor, patience=config.plateau_patience, min_delta=0)
    stops = not phase.frozen and config.stop_patience is not None
    deciding = [plateau, *([keras.callbacks.EarlyStopping(patience=config.stop_patience)] if stops else [])]
    average = [] if config.ema is None else [keras.callbacks.SwapEMAWeights()]  # validation sees the average
    board = keras.callbacks.TensorBoard(str(logs), write_graph=False)
    keep = KeepJournal(journal, phase, deciding, config.minutes)
    return [*average, *deciding, board, StopAtNaN(), ShowProgress(config.epochs, steps), keep]


@contextmanager
def _precision(policy: str) -> Iterator[None]:
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def _use(device: str) -> None:
    if device == 'tpu':
        raise UsageError("device 'tpu': not supported yet; use cpu or gpu")
    gpus = tf.config.list_physical_devices('GPU')
    if device == 'gpu' and not gpus:
        raise UsageError("device 'gpu': TensorFlow finds none here; use --device cpu")
    if device == 'cpu' and gpus:
        tf.config.set_visible_devices([], 'GPU')
