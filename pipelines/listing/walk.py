"""Every entry under a folder that is no folder, as the system gives them: unsorted, and never a whole folder at once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...configs.errors import UsageError
from .uris import is_sidecar

if TYPE_CHECKING:
    _Scan = os._ScandirIterator[str]


@dataclass(frozen=True)
class _Level:
    """A folder on the way: what its entries' uris begin with, its real path and those of the folders above."""

    entries: _Scan
    below: str
    real: str
    above: frozenset[str]


def walk(folder: str, left_out: frozenset[str]) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """(path below the folder, entry) of each file. A link back to a folder above, or a folder that has gone since, is an entry, not a way.

    Args:
        left_out: real paths of folders that are not entered.
    Raises:
        UsageError: a folder may not be listed.
    """
    real = os.path.realpath(folder)
    if real in left_out:
        return
    levels = [_Level(_scan(folder), '', real, frozenset((real,)))]
    try:
        while levels:
            level = levels[-1]
            entry = next(level.entries, None)
            if entry is None:
                levels.pop()  # an exhausted scan is closed
            elif (real_path := _way(entry, level)) is None:
                if not is_sidecar(entry.path):
                    yield f'{level.below}{entry.name}', entry
            elif real_path not in left_out:
                try:
                    entries = _scan(entry.path)
                except (FileNotFoundError, NotADirectoryError):
                    yield f'{level.below}{entry.name}', entry
                else:
                    levels.append(_Level(entries, f'{level.below}{entry.name}/', real_path, level.above | {real_path}))
    finally:
        for level in levels:
            level.entries.close()


def _way(entry: os.DirEntry[str], level: _Level) -> str | None:
    """The real path of a folder to walk into; one that may not be listed, or leads back up, is an input that fails."""
    if not _is_folder(entry) or not os.access(entry.path, os.R_OK | os.X_OK):
        return None
    real = os.path.realpath(entry.path) if entry.is_symlink() else os.path.join(level.real, entry.name)
    return None if real in level.above else real


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads in a circle
        return False


def _scan(folder: str) -> _Scan:
    try:
        return os.scandir(folder)
    except PermissionError as error:
        raise UsageError(f'input {folder!r}: may not be listed; grant read access or leave it out') from error
