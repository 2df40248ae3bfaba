"""What a package says of its own making: `metrics.json`, as far as the version of mien that wrote it said it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..manifest import METRICS
from ..weights.beginning import NONE

ALL_EPOCHS = 'all epochs'
DRAWN = {'loss', 'accuracy', 'val_loss', 'val_accuracy'}  # of each epoch


@dataclass(frozen=True)
class Told:
    """What is not said is None, or empty.

    Attributes:
        config: options of the training.
        dataset: `name@digest` of what it was trained on.
        epochs: how many were run. ended: what ended them. seconds: of training and validation.
        history: figures of each epoch, by name.
        best: the epoch whose weights it has, counted from 1.
        began_with: see `beginning.began_with`.
        parameters: of the network.
        accuracy_change: of the export that labels, against the Keras model's, as it was measured at its making.
        accuracy: on test. faces_per_second: see `Times`.
    """

    config: dict[str, Any] = field(default_factory=dict)
    dataset: str | None = None
    epochs: int | None = None
    ended: str | None = None
    seconds: float | None = None
    history: tuple[dict[str, float], ...] = ()
    best: int | None = None
    began_with: str | None = None
    parameters: int | None = None
    accuracy_change: float | None = None
    accuracy: float | None = None
    faces_per_second: float | None = None

    @property
    def training_accuracy(self) -> float | None:
        """On train, as the training itself saw it, in the best epoch."""
        return self.history[self.best - 1].get('accuracy') if self.best and self.best <= len(self.history) else None

    @property
    def teachers(self) -> tuple[str, ...] | None:
        """Packages whose probabilities it has learnt too, `name@digest`."""
        names = self.config.get('teachers')
        return tuple(names) if isinstance(names, list) and all(isinstance(name, str) for name in names) else None


OPTIONS: Mapping[str, type] = {'batch_size': int, 'learning_rate': float, 'seed': int, 'epochs': int, 'device': str}  # that a table shows


def read(package: str | Path) -> Told:
    """What a package's folder holds of it; nothing where it has no figures, and nothing of a value that is no figure."""
    try:
        metrics = json.loads(Path(package, METRICS).read_text())
    except (FileNotFoundError, ValueError, RecursionError):
        return Told()
    said = _map(metrics, 'recipe')
    if not isinstance(said.get('config'), dict):
        return Told()
    config = {key: value for key, value in said['config'].items() if key not in OPTIONS or _as(OPTIONS[key], value) is not None}
    epochs = _as(int, said.get('epochs'))
    complete = epochs is not None and epochs == config.get('epochs')
    began_with = said.get('began_with', NONE if 'weights' not in config else None)  # before there was a choice, all began with none
    return Told(
        config=config,
        dataset=_as(str, said.get('dataset')),
        epochs=epochs,
        ended=_as(str, said.get('ended')) or (ALL_EPOCHS if complete else None),
        seconds=_as(float, said.get('seconds')),
        history=_history(metrics),
        best=_as(int, said.get('best')),
        began_with=_as(str, began_with),
        parameters=_as(int, metrics.get('parameters')),
        accuracy_change=_accuracy_change(metrics.get('exports')),
        accuracy=_as(float, _map(metrics, 'splits', 'test').get('accuracy')),
        faces_per_second=_as(float, _map(metrics, 'speed').get('faces_per_second')),
    )


def _map(said: Any, *keys: str) -> Mapping[str, Any]:
    """A map within maps; an empty one where there is something else."""
    for key in keys:
        said = said.get(key) if isinstance(said, dict) else None
    return said if isinstance(said, dict) else {}


def _as(kind: type, value: Any) -> Any:
    """A value of a kind, where a whole number is a number, too; else None."""
    return value if type(value) is kind or (kind is float and type(value) is int) else None


def _accuracy_change(exports: Any) -> float | None:
    every = exports if isinstance(exports, list) else []
    return next((_as(float, one.get('accuracy_change')) for one in every if isinstance(one, dict) and one.get('labels') is True), None)


def _history(metrics: Any) -> tuple[dict[str, float], ...]:
    epochs = metrics.get('history') if isinstance(metrics, dict) else None
    return tuple(epochs) if isinstance(epochs, list) and all(map(_figures, epochs)) else ()


def _figures(epoch: Any) -> bool:
    return isinstance(epoch, dict) and epoch.keys() >= DRAWN and all(_as(float, figure) is not None for figure in epoch.values())
