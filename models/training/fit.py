"""Trains an architecture on a dataset, epoch after epoch, each of them on disk before the next begins."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import keras

from ...configs.errors import UsageError
from ...configs.schema import TrainConfig
from ..architectures.architecture import InputSpec
from ..architectures.keras_file import Meaning, around
from ..architectures.registry import builder, is_keras_file, is_somebodys, side
from ..data.augment import Augmentation
from ..data.dataset import Dataset
from ..data.graph import TransformGraph
from ..data.records import Source
from ..data.stored_records import told_plainly
from ..weights.begin import begin
from .fused import fused
from .journal import STATE, Journal, Progress
from .keep import KeepJournal, StopAtNaN
from .phases import Phase, compile_for, phases, trainable
from .progress import ShowProgress
from .schedule import Cosine
from .teachers import Teachers
from .team import StayEqual, Team


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
        JobFailed: the loss is no number any more, or another worker is gone.
    """
    team = team or Team.of(config.device)
    team.check(_batch_size(source, config))
    team.give_state(journal / STATE)
    source = replace(source, teach=Teachers.of(config, source))
    keras.utils.clear_session()  # layers are counted from one again: their names stand in the export, and so in its digest
    keras.utils.set_random_seed(config.seed + 1)  # tf.data takes no tensor as its seed while the global seed is 0
    with _precision(config.precision), told_plainly(source.folders), team.together():
        model = for_training(network(source, config), config)
        may_learn = trainable(model)
        for phase in phases(config):
            _run(model, may_learn, phase, source, config, Journal(journal), logs, team)
            gc.collect()  # what a phase held, its decoded crops among it, goes before the next one holds its own
    best = network(source, config)
    progress = Journal(journal).progress()
    if progress.history and team.chief:
        Journal(journal).restore_best(best)
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


def _run(
    model: keras.Model,
    may_learn: list[keras.Layer],
    phase: Phase,
    source: Source,
    config: TrainConfig,
    journal: Journal,
    logs: Path,
    team: Team,
) -> None:
    done = journal.progress()
    if done.ended or len(done.history) >= phase.end:
        return
    compile_for(model, phase, config, may_learn)
    team.prepare(model)
    batch_size = _batch_size(source, config)
    steps = source.size('train') // batch_size
    first, how = len(done.history), Augmentation.of(config)
    model.fit(
        team.shared(lambda share: source.training(first, phase.end, batch_size, config.seed, how, share)),
        initial_epoch=len(done.history),
        epochs=phase.end,
        steps_per_epoch=steps,
        validation_data=team.shared(lambda share: source.evaluation('validation', share)),
        validation_steps=None if team.size == 1 else source.evaluation_steps('validation', team.size),
        callbacks=_callbacks(phase, config, journal, logs, steps, team),
        shuffle=False,
        verbose=0,
    )


def _batch_size(source: Source, config: TrainConfig) -> int:
    return min(config.batch_size, source.size('train'))


def _callbacks(phase: Phase, config: TrainConfig, journal: Journal, logs: Path, steps: int, team: Team) -> list[keras.callbacks.Callback]:
    stops = not phase.frozen and config.stop_patience is not None
    deciding = [_rate(phase, config, steps), *([keras.callbacks.EarlyStopping(patience=config.stop_patience)] if stops else [])]
    average = [] if config.ema is None else [keras.callbacks.SwapEMAWeights()]  # validation sees the average
    told = [keras.callbacks.TensorBoard(str(logs), write_graph=False), ShowProgress(config.epochs, steps)] if team.chief else []
    keep = KeepJournal(journal, phase, deciding, config.minutes)
    equal = [] if team.size == 1 else [StayEqual(team, config.minutes is not None)]
    return [*average, *deciding, StopAtNaN(), *told, keep, *equal]


def _rate(phase: Phase, config: TrainConfig, steps: int) -> keras.callbacks.Callback:
    if config.schedule == 'cosine':
        return Cosine(phase, config.warmup_epochs, steps)
    return keras.callbacks.ReduceLROnPlateau(factor=config.plateau_factor, patience=config.plateau_patience, min_delta=0)


@contextmanager
def _precision(policy: str) -> Iterator[None]:
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
