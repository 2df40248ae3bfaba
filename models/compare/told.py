"""What a package says of its own making: `metrics.json`, as far as the version of mien that wrote it said it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..weights.beginning import NONE

METRICS = 'metrics.json'
ALL_EPOCHS = 'all epochs'


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
    accuracy: float | None = None
    faces_per_second: float | None = None

    @property
    def training_accuracy(self) -> float | None:
        """On train, as the training itself saw it, in the best epoch."""
        return self.history[self.best - 1].get('accuracy') if self.best and self.best <= len(self.history) else None


def read(package: str | Path) -> Told:
    """What a package's folder holds of it; nothing where it has no figures."""
    try:
        metrics = json.loads(Path(package, METRICS).read_text())
        said, history = metrics['recipe'], tuple(metrics.get('history', ()))
        epochs, config = said.get('epochs'), dict(said['config'])
        accuracy = metrics.get('splits', {}).get('test', {}).get('accuracy')
        faces_per_second = metrics.get('speed', {}).get('faces_per_second')
    except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
        return Told()
    complete = epochs is not None and epochs == config.get('epochs')
    ended = said.get('ended') or (ALL_EPOCHS if complete else None)
    began_with = said.get('began_with', NONE if 'weights' not in config else None)  # before there was a choice, all began with none
    return Told(
        config=config,
        dataset=said.get('dataset'),
        epochs=epochs,
        ended=ended,
        seconds=said.get('seconds'),
        history=history,
        best=said.get('best'),
        began_with=began_with,
        accuracy=accuracy,
        faces_per_second=faces_per_second,
    )
