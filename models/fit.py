"""Trains an architecture on a dataset, epoch after epoch, each of them on disk before the next begins."""

from __future__ import annotations

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
from .journal import Journal, KeepJournal, Progress
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
    model = network(source, config)
    model.compile(
        keras.optimizers.Adam(config.learning_rate),
        keras.losses.CategoricalCrossentropy(from_logits=True),
        metrics=['accuracy'],
        jit_compile=False,
    )
    _run(model, source, config, Journal(journal), logs)
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


def _run(model: keras.Model, source: Source, config: TrainConfig, journal: Journal, logs: Path) -> None:
    done = journal.progress()
    if done.stopped or len(done.history) >= config.epochs:
        return
    examples = sum(source.counts('train')[name] for name in source.classes)
    batch_size = min(config.batch_size, examples)
    steps = examples // batch_size
    model.fit(
        source.training(len(done.history), config.epochs, batch_size, config.seed, Augmentation.of(config)),
        initial_epoch=len(done.history),
        epochs=config.epochs,
        steps_per_epoch=steps,
        validation_data=source.evaluation('validation'),
        callbacks=_callbacks(config, journal, logs, steps),
        shuffle=False,
        verbose=0,
    )


def _callbacks(config: TrainConfig, journal: Journal, logs: Path, steps: int) -> list[keras.callbacks.Callback]:
    deciding = [
        keras.callbacks.ReduceLROnPlateau(factor=config.plateau_factor, patience=config.plateau_patience, min_delta=0),
        keras.callbacks.EarlyStopping(patience=config.stop_patience),
    ]
    board = keras.callbacks.TensorBoard(str(logs), write_graph=False)
    return [*deciding, board, ShowProgress(config.epochs, steps), KeepJournal(journal, deciding)]


def _use(device: str) -> None:
    if device == 'tpu':
        raise UsageError("device 'tpu': not supported yet; use cpu or gpu")
    gpus = tf.config.list_physical_devices('GPU')
    if device == 'gpu' and not gpus:
        raise UsageError("device 'gpu': TensorFlow finds none here; use --device cpu")
    if device == 'cpu' and gpus:
        tf.config.set_visible_devices([], 'GPU')
