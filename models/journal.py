"""Where a training stands, on disk after every epoch, so that the same command goes on after a kill at any moment.

epoch.npz        weights, random states and optimizer of the last complete epoch, with the history up to it
best-0007.npz    weights of the epoch with the least validation loss
"""

from __future__ import annotations

import json
import math
import os
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from ..configs.errors import JobFailed

STATE = 'epoch.npz'


@dataclass(frozen=True)
class Progress:
    """What has been done.

    Attributes:
        history: figures of each complete epoch, by name.
        best: index of the epoch with the least validation loss; -1 before the first.
        stopped: early stopping has ended the training.
    """

    history: tuple[dict[str, float], ...] = ()
    best: int = -1
    stopped: bool = False

    def after(self, figures: dict[str, float], stopped: bool) -> Progress:
        """The progress one epoch later."""
        better = self.best < 0 or figures['val_loss'] < self.history[self.best]['val_loss']
        return Progress((*self.history, figures), len(self.history) if better else self.best, stopped)


@dataclass(frozen=True)
class Journal:
    """The folder that holds a training's state."""

    folder: Path

    def progress(self) -> Progress:
        """What is on disk; an empty progress where nothing is."""
        if not (self.folder / STATE).exists():
            return Progress()
        with np.load(self.folder / STATE) as state:
            said = json.loads(str(state['progress']))
        return Progress(tuple(said['history']), said['best'], said['stopped'])

    def write(self, model: keras.Model, progress: Progress) -> None:
        """Writes the state beside the last one and puts it in its place; a kill leaves one or the other."""
        epoch = len(progress.history) - 1
        if progress.best == epoch:
            self._save(self._best(epoch), [weight.numpy() for weight in model.weights])
        said = {'history': progress.history, 'best': progress.best, 'stopped': progress.stopped}
        self._save(self.folder / STATE, [variable.numpy() for variable in _variables(model)], progress=np.array(json.dumps(said)))
        for path in self.folder.glob('best-*.npz'):
            if path != self._best(progress.best):
                path.unlink()

    def restore(self, model: keras.Model) -> None:
        """Puts the last complete epoch's values back into a compiled model."""
        _assign(_variables(model), self.folder / STATE)

    def restore_best(self, model: keras.Model) -> None:
        """Puts the best epoch's weights into a model."""
        _assign(model.weights, self._best(self.progress().best))

    def _best(self, epoch: int) -> Path:
        return self.folder / f'best-{epoch:04d}.npz'

    def _save(self, path: Path, values: list[np.ndarray], **more: np.ndarray) -> None:
        beside = path.with_name(f'{path.name}.partial')
        with open(beside, 'wb') as file:
            np.savez(file, allow_pickle=False, **{f'{index:05d}': value for index, value in enumerate(values)}, **more)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)


class KeepJournal(keras.callbacks.Callback):
    """Writes the journal after each epoch; put it last, so that it sees what the other callbacks decided.

    On a resumed training it first tells the others of the epochs that they missed, and then restores weights and optimizer.
    """

    def __init__(self, journal: Journal, others: list[keras.callbacks.Callback]) -> None:
        super().__init__()
        self.journal, self.others, self.progress = journal, others, journal.progress()

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        for epoch, figures in enumerate(self.progress.history):
            for other in self.others:
                other.on_epoch_end(epoch, dict(figures))
        if self.progress.history:
            self.journal.restore(self.model)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        figures = {name: float(value) for name, value in (logs or {}).items()}
        if not math.isfinite(figures['loss'] + figures['val_loss']):
            raise JobFailed(f'the loss is no number any more in epoch {epoch + 1}; try a lower --learning-rate and another --out')
        self.progress = self.progress.after(figures, bool(self.model.stop_training))
        self.journal.write(self.model, self.progress)


def _variables(model: keras.Model) -> list[keras.Variable]:
    """Weights, the random states of dropout, and the optimizer's state, always in the same order."""
    model.optimizer.build(model.trainable_variables)
    metrics = {id(variable) for variable in model.metrics_variables}
    weights = {id(variable) for variable in model.weights}
    states = [variable for variable in model.variables if id(variable) not in metrics | weights]
    return [*model.weights, *states, *model.optimizer.variables]


def _assign(variables: list[keras.Variable], path: Path) -> None:
    with np.load(path) as state:
        if len(variables) != sum(name.isdigit() for name in state):
            raise JobFailed(f'{path}: holds another network; remove {path.parent.parent} and start again')
        for index, variable in enumerate(variables):
            variable.assign(state[f'{index:05d}'])
