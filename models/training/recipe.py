"""What made a model: the part of `metrics.json` that says whether two trainings are the same."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...configs.errors import UsageError
from ...configs.load import as_dict, load
from ...configs.schema import TrainConfig
from ..architectures.registry import is_keras_file, is_somebodys
from ..data.dataset import SEVERAL
from ..manifest import WORK
from ..weights.beginning import NONE, digests
from ..whole import write_whole

IDENTITY = 'training.json'
BEFORE_IDENTITY = (WORK, 'logs', f'.{IDENTITY}.partial')
# Options that change where it is trained or what is told of it, and not the model.
BESIDES = ('device', 'expect_accuracy', 'expect_on', 'measure_on')
# Options that say what becomes of a trained network.
AFTERWARDS = ('name', 'coverage', 'exports', 'label_with', 'least_share', 'mirror')

# Options that change nothing, and when.
IDLE: tuple[tuple[str, Callable[[TrainConfig], bool], tuple[str, ...]], ...] = (
    ('without teachers', lambda config: not config.teachers, ('teacher_share', 'teacher_temperature')),
    ('with a teacher_share of 0', lambda config: not config.teacher_share, ('teachers',)),
    ('without expect_accuracy', lambda config: config.expect_accuracy is None, ('expect_on',)),
    ('without frozen epochs', lambda config: not config.frozen_epochs, ('fine_tuning_rate',)),
    ('with schedule plateau', lambda config: config.schedule == 'plateau', ('warmup_epochs',)),
    ('with schedule cosine', lambda config: config.schedule == 'cosine', ('plateau_factor', 'plateau_patience')),
    ('with an architecture that is no Keras file', lambda config: not is_keras_file(config.architecture), ('input_range',)),
    ('with a Keras file, whose layers say theirs', lambda config: is_keras_file(config.architecture), ('precision',)),
)


@dataclass(frozen=True)
class Recipe:
    """How a model came about.

    Attributes:
        config: the training's options.
        dataset: see `id_of`.
        command: the command line.
        counts: training faces by class.
        epochs: how many were run. best: which one the weights are of, counted from 1.
        began_with: see `beginning.began_with`.
        seconds: of training and validation, by the clock.
        ended: what ended the training before its last epoch; empty where nothing did.
    """

    config: dict[str, Any]
    dataset: str
    command: str
    counts: dict[str, int]
    epochs: int
    best: int
    began_with: str
    seconds: float
    ended: str

    @property
    def home(self) -> str:
        """`name@digest` of the dataset that is meant where none is named: the first."""
        return self.dataset.partition(SEVERAL)[0]


def identity(config: TrainConfig, dataset: str) -> dict[str, Any]:
    """All that makes a training what it is, as plain values; a file's SHA-256 stands for its name.

    Args:
        dataset: see `id_of`.
    Raises:
        UsageError: a file is not there.
    """
    return {key: value for key, value in as_dict(config).items() if key not in BESIDES} | digests(config) | {'dataset': dataset}


def expected_on(config: TrainConfig, dataset: str) -> float | None:
    """The accuracy that a recipe should reach on the test split of the dataset of this name that it was trained on."""
    return config.expect_accuracy if config.expect_on in (None, dataset) else None


def without_effect(config: TrainConfig) -> list[str]:
    """A line for each option that is not as usual and changes nothing, or nothing for the better."""
    usual = load(TrainConfig, 'train')
    found = [
        f'{option} {getattr(config, option)} has no effect {when}'
        for when, is_idle, options in IDLE
        for option in options
        if is_idle(config) and getattr(config, option) != getattr(usual, option)
    ]
    if 0 < config.epochs <= config.frozen_epochs:
        found.append(f'epochs {config.epochs} are all frozen ones: nothing but the head learns')
    if config.frozen_epochs and config.weights == NONE and not is_somebodys(config.architecture):
        all_that_learns = f'in {config.frozen_epochs} frozen epochs a head on random features is all that learns'
        found.append(f'weights {NONE}: {all_that_learns}; see from_nothing')
    return found


def refuse_another(folder: Path, said: dict[str, Any], asked: dict[str, Any], finished: bool = True) -> None:
    """Compares a folder's identity with the asked one. An option that was not known there had its default.

    Args:
        finished: it holds a package; else a training, for which another package may still be asked.
    Raises:
        UsageError: they differ; the message says in what.
    """
    said = as_dict(load(TrainConfig, 'train')) | said
    if not finished:
        said |= {key: asked.get(key) for key in AFTERWARDS}
    differences = [f'{key} is {said.get(key)!r} there, {asked.get(key)!r} here' for key in asked if said.get(key) != asked.get(key)]
    if differences:
        raise UsageError(f'--out {str(folder)!r}: belongs to another training: {"; ".join(differences)}; name another --out or remove it')


def write_identity(folder: Path, asked: dict[str, Any]) -> None:
    """Writes a training's identity into its folder, as JSON."""
    write_whole(folder / IDENTITY, json.dumps(asked, indent=2) + '\n')


def read_identity(folder: Path) -> dict[str, Any] | None:
    """What a folder belongs to; None where it says nothing of it.

    Raises:
        UsageError: it cannot be read.
    """
    try:
        said = json.loads((folder / IDENTITY).read_text())
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise UsageError(f'--out {str(folder)!r}: {IDENTITY} cannot be read ({error}); remove the folder') from error
    if not isinstance(said, dict):
        raise UsageError(f'--out {str(folder)!r}: {IDENTITY} does not say what it belongs to; remove the folder')
    return said


def stranger(folder: Path) -> str | None:
    """The name of something in a folder without an identity that no training has put there, not even one that was killed at its start."""
    names = sorted(path.name for path in folder.iterdir()) if folder.exists() else []
    return next((name for name in names if name not in BEFORE_IDENTITY), None)
