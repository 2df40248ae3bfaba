"""What is known of a run before its first step: its row without figures, and what would keep it from ever having some."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ...configs.errors import UsageError
from ...configs.schema import CompareConfig, TrainConfig
from ..architectures.registry import is_somebodys
from ..data.dataset import Dataset
from ..evaluation import evaluate
from ..manifest import MANIFEST
from ..package import find
from ..training.recipe import expected_on, identity, read_identity, refuse_another, stranger
from ..weights import beginning
from . import told
from .architectures import spelled_out
from .files import Places
from .plan import Run, Training
from .row import FAILED, Row

SPLITS_TO_TRAIN = ('train', 'validation')


def planned(run: Run, split: str) -> Row:
    """A row with what was asked."""
    row = Row(id=run.id, status=FAILED, test=run.test.id, split=split)
    if isinstance(run.source, str):
        return _of_package(run.source, row)
    dataset, config = run.source.dataset, run.source.config
    return replace(
        row,
        dataset=dataset.id,
        architecture=config.architecture,
        weights=f'run {run.source.after}' if _waits(run.source) else _began_with(config),
        teachers=config.teachers,
        classes=dataset.subset(config.classes),
        batch_size=config.batch_size,
        learning_rate=config.learning_rate,
        seed=config.seed,
        epochs_asked=config.epochs,
        expected=expected_on(config, dataset.name) if split == 'test' and dataset.id == run.test.id else None,
    )


def check(runs: tuple[Run, ...], config: CompareConfig, places: Places) -> None:
    """Looks for all that can be known to be wrong before anything is trained.

    Raises:
        UsageError: a dataset without a split, classes that it lacks, an architecture or package that is not there, weights that were asked
            for and are not, a package whose files differ from its manifest, or an id that belongs to another training in this OUT.
    """
    asked = {run.source.config.architecture for run in runs if isinstance(run.source, Training)}
    spelled_out(sorted(asked | {name for name in config.recipes if not is_somebodys(name)}))
    for run in runs:
        run.test.files(config.split)
        if isinstance(run.source, str):
            find(run.source)
        else:
            _check_training(run.id, run.source, places)


def untrainable(training: Training) -> str:
    """Why it could not be trained; empty where it can."""
    if _waits(training):
        return f'it begins with the package of run {training.after}, which is not there'
    return _lacking(training.config)


def unfit(training: Training, test: Dataset, split: str) -> str:
    """Why what it trains could not be measured; empty where it can."""
    dataset = training.dataset
    if dataset == test:
        return ''
    try:
        evaluate.check('this training', dataset.subset(training.config.classes), dataset.crop, test, split)
    except UsageError as error:
        return str(error)
    return ''


def _waits(training: Training) -> bool:
    """Whether it begins with what another run has yet to train."""
    return training.after is not None and not Path(training.config.weights, MANIFEST).is_file()


def _of_package(package: str, row: Row) -> Row:
    found = find(package)
    said = told.read(found.folder)
    return replace(
        row,
        dataset=said.dataset,
        architecture=found.architecture,
        weights=said.began_with,
        classes=found.classes,
        batch_size=said.config.get('batch_size'),
        learning_rate=said.config.get('learning_rate'),
        seed=said.config.get('seed'),
        epochs_asked=said.config.get('epochs'),
        package=f'./{package}' if package == f'runs/{row.id}' else package,  # without a dot, one that is trained here
    )


def _began_with(config: TrainConfig) -> str:
    """See `beginning.began_with`; by its name, what is not to be had."""
    return config.weights if _lacking(config) else beginning.began_with(config)


def _lacking(config: TrainConfig) -> str:
    """Why the file that a training begins with is not to be had; empty where it is, or where there is none to look for."""
    try:
        beginning.file_of(config)
    except UsageError as error:
        return str(error)
    return ''


def _check_training(name: str, training: Training, places: Places) -> None:
    for split in SPLITS_TO_TRAIN:
        training.dataset.files(split)
    training.dataset.subset(training.config.classes)
    beginning.check(training.config)
    for teacher in training.config.teachers:
        beginning.teacher_file(teacher)
    if _waits(training):
        return
    if training.weights_asked_for:
        beginning.file_of(training.config)
    if not _lacking(training.config):
        _refuse_another(name, training, places)


def _refuse_another(name: str, training: Training, places: Places) -> None:
    asked = identity(training.config, training.dataset.id)
    for folder, finished in ((places.package(name), True), (places.partial(name), False)):
        said = read_identity(folder)
        if said is not None:
            refuse_another(folder, said, asked, finished)
        elif stranger(folder):
            raise UsageError(f'{str(folder)!r}: was not trained by `mien compare`; name another --out')
    if (places.package(name) / MANIFEST).is_file():
        find(str(places.package(name)))
