"""What a comparison consists of: runs with stable names, each a training or a package that is taken as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ...configs.errors import UsageError
from ...configs.load import load, suggestion
from ...configs.schema import CompareConfig, TrainConfig
from ..data.dataset import Dataset
from .asked import Asked, asked_runs, by_name
from .files import Places
from .recipes import recipe_of

FOR_ALL = ('weights', 'epochs', 'minutes', 'device')  # options that each training gets


@dataclass(frozen=True)
class Training:
    """What is trained, and how.

    Attributes:
        weights_asked_for: whether the call says what it begins with; else its recipe does, and that may be a file that is not here.
        after: id of the run whose package it begins with, None where it begins with something else.
    """

    dataset: Dataset
    config: TrainConfig
    weights_asked_for: bool = False
    after: str | None = None


@dataclass(frozen=True)
class Run:
    """One row of the table to be.

    Attributes:
        id: names its files, so it is safe as a file name.
        test: the dataset on which it is measured.
        source: a training; or the name or folder of a package that is taken as it is.
    """

    id: str
    test: Dataset
    source: Training | str


@dataclass(frozen=True)
class Plan:
    """A comparison.

    Attributes:
        ids: of all runs, in the order of the table.
        runs: those that are to be done now.
    """

    ids: tuple[str, ...]
    runs: tuple[Run, ...]


def plan(config: CompareConfig, folders: Sequence[str]) -> Plan:
    """The runs of a comparison.

    Args:
        config: its architectures are names, not `all`.
        folders: of the DATASETs.
    Raises:
        UsageError: nothing to compare, a name that is not known, two runs of one id, a config that can't be read.
    """
    datasets = by_name([Dataset.load(folder) for folder in folders])
    test = None if config.test is None else Dataset.load(config.test)
    asked = asked_runs(config, datasets)
    ids = tuple(one.id for one in asked)
    for name in config.only:
        if name not in ids:
            raise UsageError(f'--only {name!r}: no such run{suggestion(name, list(ids))}; there are {", ".join(ids)}')
    return Plan(ids, tuple(_run(one, config, datasets, test) for one in asked if not config.only or one.id in config.only))


def after_others(made: Plan, places: Places) -> Plan:
    """The plan with the package of an earlier run as the weights of each run that names its id."""
    return replace(made, runs=tuple(_after(run, made.ids, places) for run in made.runs))


def _after(run: Run, ids: tuple[str, ...], places: Places) -> Run:
    if isinstance(run.source, str) or run.source.config.weights not in ids[: ids.index(run.id)]:
        return run
    after = run.source.config.weights
    return replace(run, source=replace(run.source, config=replace(run.source.config, weights=str(places.package(after))), after=after))


def _run(asked: Asked, config: CompareConfig, datasets: Mapping[str, Dataset], test: Dataset | None) -> Run:
    if asked.package is not None:
        return Run(asked.id, test or _dataset(asked, datasets), asked.package)
    dataset = _dataset(asked, datasets)
    for_all = {key: getattr(config, key) for key in FOR_ALL if getattr(config, key) is not None}
    said = for_all | dict(asked.options)
    recipe = asked.recipe or recipe_of(said.get('architecture'), config.recipes, said.get('weights'))
    options = load(TrainConfig, 'train', recipe, said)
    if 'learning_rate' in said:
        options = _fine_tuned_in_proportion(options, load(TrainConfig, 'train', recipe).learning_rate)
    training = Training(dataset, options if options.name else replace(options, name=asked.id), 'weights' in said)
    return Run(asked.id, test or dataset, training)


def _fine_tuned_in_proportion(options: TrainConfig, usual: float) -> TrainConfig:
    """A rate of the grid is that of both phases: the later one changes by the same factor."""
    if options.fine_tuning_rate is None:
        return options
    return replace(options, fine_tuning_rate=float(f'{options.fine_tuning_rate * options.learning_rate / usual:.6g}'))


def _dataset(asked: Asked, datasets: Mapping[str, Dataset]) -> Dataset:
    known = ', '.join(datasets) or 'none'
    if asked.dataset is None:
        if len(datasets) == 1:
            return next(iter(datasets.values()))
        raise UsageError(f'run {asked.id!r}: names no dataset, and there is not one but {known}; say which in its config')
    if asked.dataset not in datasets:
        hint = suggestion(asked.dataset, list(datasets))
        raise UsageError(f'run {asked.id!r}: dataset {asked.dataset!r} is not among the DATASETs{hint}: {known}; name its folder, too')
    return datasets[asked.dataset]
