"""What runs a comparison is asked for: names and options, before a config is read."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...configs.errors import UsageError
from ...configs.schema import CompareConfig
from ..architectures.registry import plain_name
from ..data.dataset import Dataset

UNSAFE = re.compile(r'[^A-Za-z0-9._-]+')
GRID = ('batch_sizes', 'learning_rates', 'seeds')
BESIDE_RUNS = ('architectures', *GRID)  # would make other runs than those
OF_TRAININGS = (*GRID, 'weights', 'epochs', 'minutes', 'device')
TAKEN_ENDS, TAKEN_START = ('.log', '.yaml', '.partial'), 'row-'  # see `Places`
BEGINNINGS = ('none', 'imagenet')
ID = re.compile(r'[A-Za-z0-9][A-Za-z0-9._-]*')


@dataclass(frozen=True)
class Asked:
    """A run as it is asked for: the dataset is a name, the config not read yet."""

    id: str
    dataset: str | None = None
    recipe: str | None = None
    options: tuple[tuple[str, Any], ...] = ()
    package: str | None = None


def asked_runs(config: CompareConfig, datasets: Mapping[str, Dataset]) -> list[Asked]:
    """All runs, in the order of the table.

    Args:
        datasets: the DATASETs by name.
    Raises:
        UsageError: there is nothing to compare, nothing to train or measure on, or two runs have one id.
    """
    asked = [*_trainings(config, datasets), *_packages(config, datasets)]
    if not asked:
        raise UsageError('nothing to compare; name --architectures or --packages, or runs in a config')
    _refuse_doubles([one.id for one in asked])
    return asked


def by_name(datasets: Sequence[Dataset]) -> dict[str, Dataset]:
    """Datasets by their own names; where two share one, all by the names of their folders.

    Raises:
        UsageError: these are equal, too.
    """
    for called in ([one.name for one in datasets], [Path(one.folder).resolve().name for one in datasets]):
        if len(set(called)) == len(called):
            return dict(zip(called, datasets, strict=True))
    both = [one.folder for one in datasets if [other.name for other in datasets].count(one.name) > 1]
    raise UsageError(f'datasets {", ".join(map(repr, both))}: of one name; rename a folder')


def slug(text: str) -> str:
    """A text as part of a file name."""
    return UNSAFE.sub('_', text).strip('_.-') or '_'


def _trainings(config: CompareConfig, datasets: Mapping[str, Dataset]) -> Iterator[Asked]:
    if config.runs:
        beside = [key for key in BESIDE_RUNS if getattr(config, key)]
        if beside:
            raise UsageError(f'{", ".join(beside)}: set beside runs, each of which has its own; say them in the config of a run')
        for name, said in config.runs.items():
            if not ID.fullmatch(name):
                raise UsageError(f'run {name!r}: no name for a file; use letters, digits, ".", "_" and "-"')
            if name.endswith(TAKEN_ENDS) or name.startswith(TAKEN_START) or name in BEGINNINGS:
                raise UsageError(f'run {name!r}: means a file of another run, or what a run begins with; take another name')
            yield Asked(
                name, said.get('dataset'), said.get('config'), tuple((key, said[key]) for key in ('architecture', 'weights') if key in said)
            )
        return
    training = [key for key in OF_TRAININGS if getattr(config, key)]
    if training and not config.architectures:
        raise UsageError(f'{", ".join(training)}: say how to train, and nothing is trained; name --architectures')
    if config.architectures and not datasets:
        raise UsageError('no DATASET to train on; name one or more that `mien build` wrote')
    for dataset, architecture in itertools.product(datasets, config.architectures):
        for points in _grid(config):
            parts = [slug(dataset), slug(plain_name(architecture)), *(f'{point.short}{shortest(point.value)}' for point in points)]
            options = (('architecture', architecture), *((point.option, point.value) for point in points))
            yield Asked('-'.join(parts), dataset, None, options)


def shortest(value: float) -> str:
    """A number in as few digits as tell it from all others, without a plus: 0.001, 1e-05, 20231101."""
    short = f'{value:g}'
    return (short if float(short) == value else str(value)).replace('+', '')


@dataclass(frozen=True)
class Point:
    """A value of an option that varies, with its short name in the id of a run."""

    option: str
    short: str
    value: float


def _grid(config: CompareConfig) -> Iterator[tuple[Point, ...]]:
    """The points of the grid: one of no options where nothing varies."""
    batches = [Point('batch_size', 'b', value) for value in config.batch_sizes]
    rates = [Point('learning_rate', 'lr', value) for value in config.learning_rates]
    seeds = [Point('seed', 's', value) for value in config.seeds]
    return itertools.product(*(points for points in (batches, rates, seeds) if points))


def _packages(config: CompareConfig, datasets: Mapping[str, Dataset]) -> Iterator[Asked]:
    if config.packages and config.test is None and not datasets:
        raise UsageError('--packages: no dataset to measure them on; name a DATASET or --test')
    for package in config.packages:
        called = slug(Path(package).resolve().name)
        if config.test is not None or len(datasets) == 1:
            yield Asked(called, package=package)
        else:
            yield from (Asked(f'{slug(dataset)}-{called}', dataset, package=package) for dataset in datasets)


def _refuse_doubles(ids: Sequence[str]) -> None:
    double = [name for name, number in Counter(name.lower() for name in ids).items() if number > 1]
    if double:
        raise UsageError(f'run {double[0]!r}: there are two of this id; leave one out or rename the folder of its package')
