"""OUT/best: a copy of the best model's package, and why it is the best."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import asdict
from pathlib import Path

from ...configs.errors import UsageError
from ..package import ModelPackage, find
from ..whole import write_whole
from .best import Choice
from .files import Places
from .row import Row

WHY = 'best.json'


def keep(choice: Choice, places: Places) -> None:
    """Puts the package in its place, if another one or none stands there, and says why it is there.

    Raises:
        UsageError: the package is not where it was measured, or is another one by now.
    """
    why, kept = json.dumps(_why(choice), indent=2) + '\n', _kept(places.best)
    package = _package(choice.row, places, kept)
    if kept is None or (kept.id, kept.files) != (package.id, package.files):
        _replace(package, why, places.best)
    write_whole(places.best / WHY, why)


def _kept(best: Path) -> ModelPackage | None:
    """The package that stands there, if it is whole."""
    try:
        return find(str(best)) if best.is_dir() else None
    except UsageError:
        return None


def _package(row: Row, places: Places, kept: ModelPackage | None) -> ModelPackage:
    """The package that was measured; where it was trained here and is gone, the copy that was kept of it."""
    trained_here = row.package == f'runs/{row.id}'
    if trained_here and not places.package(row.id).is_dir():
        if kept is None or kept.id != row.model:
            raise UsageError(f'run {row.id!r}: is the best, and its package {row.package} is gone; --only {row.id} trains it again')
        return kept
    package = find(str(places.package(row.id)) if trained_here else row.package or '')
    if package.id != row.model:
        raise UsageError(f'run {row.id!r}: {row.package!r} is {package.id} by now, and {row.model} was measured; name it again')
    return package


def _why(choice: Choice) -> dict[str, object]:
    row = choice.row
    figures = {key: getattr(row, key) for key in ('accuracy', 'standard_error', *choice.rule.prefer)}
    steps = [{'part': step.part, 'left': list(step.left)} for step in choice.steps]
    return {
        'run': row.id,
        'model': row.model,
        'rule': asdict(choice.rule) | {'text': choice.rule.text},
        'figures': figures,
        'steps': steps,
        'not_compared': list(choice.elsewhere),
    }


def _replace(package: ModelPackage, why: str, best: Path) -> None:
    """Copies beside the place, then swaps: a kill between the two moves leaves no best, and the same command puts it there."""
    beside, before = best.with_name(f'.{best.name}.partial'), best.with_name(f'.{best.name}.replaced')
    shutil.rmtree(beside, ignore_errors=True)
    shutil.copytree(package.folder, beside, ignore=shutil.ignore_patterns('logs', WHY))
    (beside / WHY).write_text(why)
    shutil.rmtree(before, ignore_errors=True)
    if best.exists():
        os.replace(best, before)
    os.replace(beside, best)
    shutil.rmtree(before, ignore_errors=True)
