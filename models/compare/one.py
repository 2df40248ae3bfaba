"""One run of a comparison: trained, if it is a training, and measured."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from ..manifest import FILES, MANIFEST, WORK
from ..package import find
from . import told
from .figures import figures
from .files import Places
from .plan import Run, Training
from .planned import planned, unfit, untrainable
from .result import Result, read, write
from .row import FAILED, OK, Row, expecting, failed, with_figures
from .training import epochs_seen, train

Tell = Callable[[str], object]


def do(run: Run, split: str, places: Places, tell: Tell) -> bool:
    """Leaves the run's result on disk; gives whether there was anything to do."""
    row = planned(run, split)
    done = read(places.result(run.id))
    if done is not None and _stands(done, row, run, places):
        tell(f'[{run.id}] is done already: {_summary(done.row)}')
        stands = replace(done.row, package=row.package or done.row.package)  # as this call names it, from where it was called
        write(replace(done, row=expecting(stands, row.expected)), places.result(run.id))
        return False
    result = _done(run, row, split, places, lambda line: tell(f'[{run.id}] {line}'))
    write(result, places.result(run.id))
    tell(f'[{run.id}] {_summary(result.row)}')
    return True


def _stands(done: Result, asked: Row, run: Run, places: Places) -> bool:
    """Whether a row is of the package that stands there, of all of its files, measured where it is asked for."""
    same = done.row.status == OK and (done.row.test, done.row.split) == (asked.test, asked.split)
    there = isinstance(run.source, str) or places.package(run.id).is_dir()
    if not same or not there:
        return False
    package = find(_folder(run, places))
    return (package.id, package.files) == (done.row.model, done.files)


def _folder(run: Run, places: Places) -> str:
    return run.source if isinstance(run.source, str) else str(places.package(run.id))


def _done(run: Run, row: Row, split: str, places: Places, tell: Tell) -> Result:
    if isinstance(run.source, Training):
        reason = unfit(run.source, run.test, split) or _untrained(run.id, run.source, places, tell)
        if reason:
            return Result(failed(row, reason, epochs_seen(places.log(run.id))))
    folder = _folder(run, places)
    said = told.read(find(folder).folder)
    row = replace(row, teachers=said.teachers, epochs_run=said.epochs, ended=said.ended, device=said.config.get('device'))
    row = replace(row, train_seconds=said.seconds, training_accuracy=said.training_accuracy)
    row = replace(row, package=row.package or f'runs/{run.id}', parameters=said.parameters)
    found = figures(folder, run, split, places)
    if isinstance(found, str):
        return Result(failed(row, f'cannot be measured: {found}', said.epochs))
    if found.measured.seen:
        tell(f'warning: {found.measured.seen:,} of the faces that measure it are among those that it was trained on')
    package = find(folder)
    keras = Path(package.folder, FILES['keras'])
    row = with_figures(row, found.measured, found.load_cold, keras.stat().st_size if keras.is_file() else None, said.accuracy_change)
    confusion = tuple(tuple(counts) for counts in found.measured.confusion)
    return Result(expecting(row, row.expected), confusion, found.measured.reliability, said.history, package.files)


def _untrained(name: str, training: Training, places: Places, tell: Tell) -> str:
    """Trains it, where its package does not stand there; gives why that can't be done."""
    if (places.package(name) / MANIFEST).is_file():
        shutil.rmtree(places.package(name) / WORK, ignore_errors=True)  # a kill may have left it
        return ''
    return untrainable(training) or train(name, training, places, tell)


def _summary(row: Row) -> str:
    if row.status == FAILED or row.accuracy is None:
        return f'failed: {row.reason}'
    expected = '' if row.expected is None else f' (reported {row.expected:.2%}: {"met" if row.met else "not met"})'
    return f'accuracy {row.accuracy:.2%}{expected} on {row.split} of {row.test}, {row.load_cold:.2f} s cold'
