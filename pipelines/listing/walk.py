"""Every file under a folder that a glob wants, as the system gives them: unsorted, and never a whole folder at once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...configs.errors import UsageError
from .globs import Glob
from .uris import is_sidecar

if TYPE_CHECKING:
    _Scan = os._ScandirIterator[str]


@dataclass(frozen=True)
class _Level:
    """A folder on the way: what its entries' uris begin with, its real path, those of the folders above, and what of the glob may come."""

    entries: _Scan
    below: str
    real: str
    above: frozenset[str]
    open: frozenset[int]


def walk(folder: str, wanted: Glob, left_out: frozenset[str]) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """(path below the folder, entry) of each file. A folder that may not be listed, has gone since or leads back to one above is an entry.

    Args:
        wanted: folders that hold nothing of it are not entered.
        left_out: real paths of folders that are not entered, nor any below them.
    Raises:
        UsageError: the folder itself may not be listed.
    """
    real = os.path.realpath(folder)
    if _is_left_out(real, left_out):
        return
    entries = _scan(folder)
    if entries is None:
        raise UsageError(f'input {folder!r}: may not be listed; grant read access or leave it out')
    levels = [_Level(entries, '', real, frozenset((real,)), wanted.begin())]
    try:
        while levels:
            level = levels[-1]
            entry = next(level.entries, None)
            if entry is None:
                levels.pop()  # an exhausted scan is closed
            elif not _is_folder(entry):
                if wanted.wants(level.open, entry.name) and not is_sidecar(entry.path):
                    yield f'{level.below}{entry.name}', entry
            elif (open_ := wanted.below(level.open, entry.name)) and not _is_left_out(real := _real(entry, level), left_out):
                entries = None if real in level.above else _scan(entry.path)
                if entries is None:
                    yield f'{level.below}{entry.name}', entry
                else:
                    levels.append(_Level(entries, f'{level.below}{entry.name}/', real, level.above | {real}, open_))
    finally:
        for level in levels:
            level.entries.close()


def _is_left_out(real: str, left_out: frozenset[str]) -> bool:
    return any(real == folder or real.startswith(folder + os.sep) for folder in left_out)


def _real(entry: os.DirEntry[str], level: _Level) -> str:
    return os.path.realpath(entry.path) if entry.is_symlink() else os.path.join(level.real, entry.name)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads in a circle
        return False


def _scan(folder: str) -> _Scan | None:
    """A folder's entries; None of one that may not be listed or has gone since."""
    try:
        return os.scandir(folder) if os.access(folder, os.R_OK | os.X_OK) else None
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return None
