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

WHY = 'best.json'


def keep(choice: Choice, places: Places) -> None:
    """Puts the package in its place, if another one or none stands there, and says why it is there.

    Raises:
        UsageError: the package is not where it was measured, or is another one by now.
    """
    why = json.dumps(_why(choice), indent=2) + '\n'
    here = choice.row.package or ''
    package = find(str(places.out / here) if here == f'runs/{choice.row.id}' else here)
    if package.id != choice.row.model:
        raise UsageError(f'run {choice.row.id!r}: {here!r} is {package.id} by now, and {choice.row.model} was measured; name it again')
    if not _is_there(package, places.best):
        _replace(package, why, places.best)
    write_whole(places.best / WHY, why)


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


def _is_there(package: ModelPackage, best: Path) -> bool:
    """Whether the very same files stand there, whole: they are moved there at once."""
    try:
        found = find(str(best)) if best.is_dir() else None
    except UsageError:
        return False
    return found is not None and (found.id, found.files) == (package.id, package.files)


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
