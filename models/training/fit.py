"""Trains an architecture on a dataset, epoch after epoch, each of them on disk before the next begins."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import keras
import tensorflow as tf

from ...configs.errors import JobFailed, UsageError
from ...configs.schema import TrainConfig
from ..architectures.architecture import InputSpec
from ..architectures.keras_file import Meaning, around
from ..architectures.registry import builder, is_keras_file, is_somebodys, side
from ..data.dataset import Dataset
from ..data.graph import TransformGraph
from ..data.records import Source
from ..data.stored_records import told_plainly
from ..weights.begin import begin
from .fused import fused
from .journal import STATE, Journal, Progress
from .phases import phases, trainable
from .teachers import Teachers
from .team import Team
from .trainer import Trainer


@dataclass(frozen=True)
class Fitted:
    """A trained network.

    Attributes:
        network: float32 images to logits, with the weights of the epoch of the least validation loss, and no optimizer. Without an epoch,
            those that it began with.
        progress: figures of every epoch, and which was best.
    """

    network: keras.Model
    progress: Progress


def open_source(dataset: Dataset, config: TrainConfig, also: tuple[Dataset, ...] = ()) -> Source:
    """The dataset as this training sees it.

    Args:
        also: datasets of the same crops, that are trained on together with it. Classes and transform graph are the first one's.
    Raises:
        UsageError: a class or a split that the training needs is missing.
    """
    classes = dataset.subset(config.classes)
    source = Source(dataset, classes, TransformGraph(dataset), config.soft_labels, also=also)
    for other in also:
        other.files('train')
        if not config.classes and (unknown := [name for name in other.classes if name not in classes]):
            what = f'has {", ".join(unknown)}, {dataset.folder!r} has not'
            raise UsageError(f'dataset {other.folder!r}: {what}; name it first, or say by --classes which to train on')
    counts = source.counts('train')
    source.counts('validation')
    if not config.class_weights:
        return source
    if also:
        raise UsageError(f'--class-weights: {source.folders} have each their own; build one dataset of all')
    share = sum(counts[name] for name in classes) / sum(counts.values())
    return replace(source, weight_scale=share * len(dataset.classes) / len(classes))


def fit(source: Source, config: TrainConfig, journal: Path, logs: Path, team: Team | None = None) -> Fitted:
    """Trains, or goes on where the journal ends. Two runs on one machine give the same weights.

    Args:
        journal: existing folder for the state of the training; of several workers each has its own, and the chief's state holds.
        logs: folder for TensorBoard.
        team: those that train together; default: what `config.device` says.
    Raises:
        UsageError: no such architecture, a teacher that does not fit, or the device is not here.
        JobFailed: the loss is no number any more, memory is too small for a batch, or another worker is gone.
    """
    team = team or Team.of(config.device)
    trainer = Trainer(replace(source, teach=Teachers.of(config, source)), config, Journal(journal), logs, team)
    team.check(trainer.batch_size)
    team.give_state(journal / STATE)
    keras.utils.clear_session()  # layers are counted from one again: their names stand in the export, and so in its digest
    keras.utils.set_random_seed(config.seed + 1)  # tf.data takes no tensor as its seed while the global seed is 0
    with _precision(config.precision), _memory_for(trainer.batch_size), told_plainly(source.folders), team.together():
        model = for_training(network(source, config), config)
        may_learn = trainable(model)
        for phase in phases(config):
            trainer.run(model, may_learn, phase)
            gc.collect()  # what a phase held, its decoded crops among it, goes before the next one holds its own
    best = network(source, config)
    progress = trainer.journal.progress()
    if progress.history and team.chief:
        trainer.journal.restore_best(best)
    return Fitted(best, progress)


def network(source: Source, config: TrainConfig) -> keras.Model:
    """The architecture, built for a dataset, with the weights that it begins with."""
    crop, name = source.dataset.crop, config.architecture
    spec = InputSpec(crop.size, crop.channels, side(name, config.input_size, crop.size), *source.graph.pixel_statistics())
    build = around(name, Meaning.of(config, source.classes)) if is_keras_file(name) else builder(name)
    model = build(spec, len(source.classes))
    begin(model, config)
    return model


def for_training(model: keras.Model, config: TrainConfig) -> keras.Model:
    """A network as it is trained: see `fused`."""
    known = not is_somebodys(config.architecture)  # what stands in a user's network cannot be known
    return fused(model) if known else model


@contextmanager
def _memory_for(batch_size: int) -> Iterator[None]:
    try:
        yield
    except tf.errors.ResourceExhaustedError as error:
        what = f'memory is too small for a batch of {batch_size} images'
        raise JobFailed(f'{what}; try a smaller --batch-size or --input-size, and another --out') from error


@contextmanager
def _precision(policy: str) -> Iterator[None]:
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
