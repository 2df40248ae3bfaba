"""What is known of a run before its first step: its row without figures, and what would keep it from ever having some."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ...configs.errors import UsageError
from ...configs.schema import CompareConfig, TrainConfig
from ..manifest import MANIFEST
from ..package import find
from ..training.recipe import expected_on, identity, read_identity, refuse_another
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
        weights=f'run {run.source.after}' if _waits(run) else _began_with(config),
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
    spelled_out(sorted({run.source.config.architecture for run in runs if isinstance(run.source, Training)}))
    for run in runs:
        run.test.files(config.split)
        if isinstance(run.source, str):
            find(run.source)
        elif not _waits(run):
            _check_training(run.source)
            if not _lacking(run.source.config):
                _refuse_another(run.id, run.source, places)


def unfit(run: Run) -> str:
    """Why what a run trains could not be trained or measured; empty where it can."""
    if isinstance(run.source, str):
        return ''
    if _waits(run):
        return f'it begins with the package of run {run.source.after}, which is not there'
    if reason := _lacking(run.source.config):
        return reason
    if run.source.dataset == run.test:
        return ''
    dataset = run.source.dataset
    if dataset.crop != run.test.crop:
        return f'crops are {dataset.crop} in {dataset.folder!r} and {run.test.crop} in {run.test.folder!r}, where it is measured'
    classes = dataset.subset(run.source.config.classes)
    if len(set(classes) & set(run.test.classes)) < 2:
        return f'{run.test.folder!r}, where it is measured, has {", ".join(run.test.classes)}; it is trained on {", ".join(classes)}'
    return ''


def _waits(run: Run) -> bool:
    """Whether a run begins with what another one has yet to train."""
    return isinstance(run.source, Training) and run.source.after is not None and not Path(run.source.config.weights, MANIFEST).is_file()


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
        package=package,
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


def _check_training(training: Training) -> None:
    for split in SPLITS_TO_TRAIN:
        training.dataset.files(split)
    training.dataset.subset(training.config.classes)
    beginning.check(training.config)
    if training.weights_asked_for:
        beginning.file_of(training.config)


def _refuse_another(name: str, training: Training, places: Places) -> None:
    asked = identity(training.config, training.dataset.id)
    for folder, finished in ((places.package(name), True), (places.partial(name), False)):
        said = read_identity(folder)
        if said is not None:
            refuse_another(folder, said, asked, finished)
        elif folder.exists() and any(folder.iterdir()):
            raise UsageError(f'{str(folder)!r}: was not trained by `mien compare`; name another --out')
    if (places.package(name) / MANIFEST).is_file():
        find(str(places.package(name)))
