"""mien prune: removes old snapshots of a folder that holds one a night."""

from __future__ import annotations

import os
import re
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ..configs.errors import UsageError
from ..storage.check import check
from ..storage.files import remove
from ..storage.path import AnyPath, StorePath, located
from ..transforms.parts import SNAPSHOT
from .finished import said_by_mien
from .lease import is_read
from .lock import removing

UNFINISHED, PRUNED = '.partial', '.pruned-'
BEGUN = '_work/pruned'  # in a store, which cannot rename: the rest is to be removed
HIDDEN = ('.', '_')


@dataclass(frozen=True)
class Night:
    """An entry that may be one.

    Attributes:
        kind: the command that wrote it, where it is one.
        stays: why it is none that could be removed; empty where it is one.
    """

    path: AnyPath
    kind: str = ''
    stays: str = ''


def prune(folder: str, keep: int, dry_run: bool = False) -> Iterator[str]:
    """Removes all but the last complete snapshots, by name, where night-10 comes after night-9; says a line of each entry that it removes
    or leaves for a reason.

    On a disk a snapshot gets a hidden name before anything of it is removed: a glob over nights never sees half a night. What a killed
    prune left is removed, too. Whatever is no complete snapshot is left, and so is one that is read (`snapshot.reading`).

    Raises:
        UsageError: there is no such folder, its snapshots are of several commands, or `keep` is less than 1.
    """
    if keep < 1:
        raise UsageError(f'--keep {keep}: must be at least 1')
    check(folder)
    place = located(folder)
    if not place.is_dir():
        raise UsageError(f'folder {folder!r}: no such folder; name the one that holds a snapshot a night')
    entries = sorted((path for path in place.iterdir() if path.is_dir()), key=_order)
    nights = [_looked_at(entry) for entry in entries if not entry.name.startswith(HIDDEN)]
    kinds = sorted({night.kind for night in nights if not night.stays})
    if len(kinds) > 1:
        both = ' and '.join(f'`mien {kind}`' for kind in kinds)
        raise UsageError(f'folder {folder!r}: holds snapshots of {both}; keep each kind in a folder of its own')
    return _pruned(place, entries, nights, keep, dry_run)


def _order(entry: AnyPath) -> list[tuple[int, str]]:
    """By name; numbers in it count as numbers."""
    return [*((int(part), '') if part.isdecimal() else (-1, part) for part in re.split('([0-9]+)', entry.name)), (-1, entry.name)]


def _pruned(folder: AnyPath, entries: list[AnyPath], nights: list[Night], keep: int, dry_run: bool) -> Iterator[str]:
    for entry in entries:
        if (entry.name.startswith(PRUNED) or (entry / BEGUN).exists()) and not _is_link(entry):
            yield _remove(entry, entry, dry_run)
    left = [night for night in nights if night.path.is_dir()]
    complete = [night for night in left if not night.stays]
    for night in left:
        if night.stays:
            yield f'{night.path}: left, {night.stays}'
        elif night in complete[:-keep]:
            yield _remove(night.path, folder / f'{PRUNED}{night.path.name}-{uuid.uuid4().hex}', dry_run)


def _looked_at(entry: AnyPath) -> Night:
    if _is_link(entry):
        return Night(entry, stays='it is a link')
    if entry.name.endswith(UNFINISHED):
        return Night(entry, stays='it is unfinished')
    said = said_by_mien(entry)
    return Night(entry, stays=f'it holds no {SNAPSHOT} that mien wrote') if said is None else Night(entry, str(said['kind']))


def _is_link(entry: AnyPath) -> bool:
    return isinstance(entry, Path) and entry.is_symlink()


def _remove(night: AnyPath, hidden: AnyPath, dry_run: bool) -> str:
    try:
        with _free(night) as free:
            if not free:
                return f'{night}: left, it is being read'
            if not dry_run:
                _gone(night, hidden)
    except FileNotFoundError:
        return f'{night}: gone already'
    return f'{night}: {"would be removed" if dry_run else "removed"}'


@contextmanager
def _free(night: AnyPath) -> Iterator[bool]:
    """Gives whether nobody reads a night; on a disk it is held against readers meanwhile."""
    if isinstance(night, StorePath):
        yield not is_read(night)
        return
    with removing(night) as free:
        yield free


def _gone(night: AnyPath, hidden: AnyPath) -> None:
    if isinstance(night, StorePath):
        begun = night / BEGUN
        begun.write_bytes(b'')
        (night / SNAPSHOT).unlink(missing_ok=True)  # readers see no snapshot from here on
        remove(path for path in night.rglob('*') if path != begun)
        begun.unlink()
    elif isinstance(hidden, Path):
        os.rename(night, hidden)
        shutil.rmtree(hidden)
