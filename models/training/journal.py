"""Where a training stands, on disk after every epoch, so that the same command goes on after a kill at any moment.

epoch.npz        weights, random states and optimizer of the last complete epoch, with the history up to it
best-0007.npz    weights of the epoch with the least validation loss
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from zipfile import BadZipFile

import keras
import numpy as np

from ...configs.errors import JobFailed

STATE = 'epoch.npz'


@dataclass(frozen=True)
class Progress:
    """What has been done.

    Attributes:
        history: figures of each complete epoch, by name.
        best: index of the epoch with the least validation loss; -1 before the first.
        seconds: of training and validation, by the clock.
        ended: what has ended the training before its last epoch; empty where nothing has.
        device: the one that the last epoch was calculated on: cpu, gpu or tpu.
    """

    history: tuple[dict[str, float], ...] = ()
    best: int = -1
    seconds: float = 0.0
    ended: str = ''
    device: str = 'cpu'

    def after(self, figures: dict[str, float], seconds: float, ended: str, device: str) -> Progress:
        """The progress one epoch later, which took so long."""
        better = self.best < 0 or figures['val_loss'] < self.history[self.best]['val_loss']
        best = len(self.history) if better else self.best
        return Progress((*self.history, figures), best, self.seconds + seconds, ended, device)


@dataclass(frozen=True)
class Journal:
    """The folder that holds a training's state."""

    folder: Path

    def progress(self) -> Progress:
        """What is on disk; an empty progress where nothing is."""
        if not (self.folder / STATE).exists():
            return Progress()
        with _opened(self.folder / STATE) as state:
            said = json.loads(str(state['progress']))
            return Progress(**said | {'history': tuple(said['history'])})

    def write(self, model: keras.Model, progress: Progress) -> None:
        """Writes the state beside the last one and puts it in its place; a kill leaves one or the other."""
        epoch = len(progress.history) - 1
        if progress.best == epoch:
            self._save(self._best(epoch), labelling_weights(model))
        variables = [variable.numpy() for variable in _variables(model)]
        self._save(self.folder / STATE, variables, progress=np.array(json.dumps(asdict(progress))))
        for path in self.folder.glob('best-*.npz'):
            if path != self._best(progress.best):
                path.unlink()

    def restore(self, model: keras.Model, with_optimizer: bool) -> None:
        """Puts the last complete epoch's values back into a compiled model; its optimizer's only if that trains the same weights."""
        _assign(_variables(model) if with_optimizer else _model_variables(model), self.folder / STATE)

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


def labelling_weights(model: keras.Model) -> list[np.ndarray]:
    """The weights, averaged where the optimizer keeps an average of them."""
    before = [weight.numpy() for weight in model.trainable_weights]
    model.optimizer.finalize_variable_values(model.trainable_weights)
    averaged = [weight.numpy() for weight in model.weights]
    for weight, value in zip(model.trainable_weights, before, strict=True):
        weight.assign(value)
    return averaged


def _variables(model: keras.Model) -> list[keras.Variable]:
    """The model's variables and the optimizer's state, always in the same order."""
    if not model.optimizer.built:  # a loss scale's would get more variables each time
        model.optimizer.build(model.trainable_variables)
    return [*_model_variables(model), *model.optimizer.variables, *_untracked(model.optimizer)]


def _untracked(optimizer: keras.optimizers.Optimizer) -> list[keras.Variable]:
    """Nadam's product of momenta, which Keras 3.15 does not list behind a loss scale."""
    product = getattr(getattr(optimizer, 'inner_optimizer', optimizer), '_u_product', None)
    return [] if product is None or any(product is one for one in optimizer.variables) else [product]


def _model_variables(model: keras.Model) -> list[keras.Variable]:
    """Weights, and the random states of dropout."""
    metrics = {id(variable) for variable in model.metrics_variables}
    weights = {id(variable) for variable in model.weights}
    return [*model.weights, *(variable for variable in model.variables if id(variable) not in metrics | weights)]


def _assign(variables: list[keras.Variable], path: Path) -> None:
    with _opened(path) as state:
        values = [state[name] for name in sorted(filter(str.isdigit, state))]
    if [variable.shape for variable in variables] != [value.shape for value in values[: len(variables)]]:
        raise JobFailed(f'{path}: holds another network; {_again(path)}')
    for variable, value in zip(variables, values, strict=False):
        variable.assign(value)


@contextmanager
def _opened(path: Path) -> Iterator[Mapping[str, np.ndarray]]:
    """The arrays of a file; what is wrong with it is told with the remedy."""
    try:
        with np.load(path) as state:
            yield state
    except (BadZipFile, ValueError, EOFError, KeyError, TypeError) as error:  # TypeError: a later version says more of its progress
        raise JobFailed(f'{path}: cannot be read ({error}); {_again(path)}') from error


def _again(path: Path) -> str:
    return f'remove {path.parent.parent} and start again'
