"""Lists what an INPUT holds: every entry that is no folder is one input, whatever its name."""

from __future__ import annotations

import codecs
import fnmatch
import glob
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..configs.errors import UsageError
from ..transforms.records import Entry
from ..transforms.write import IMAGE_SUFFIXES

SIDECARS = frozenset(('.json', '.txt', '.cls'))


@dataclass(frozen=True)
class Source:
    """One INPUT of the command line.

    Attributes:
        name: what its uris begin with where there are several.
        given: the folder, file or glob.
    """

    name: str
    given: str


def sources(inputs: list[str]) -> list[Source]:
    """The INPUTs with the names that tell their uris apart; `NAME=INPUT` says a name.

    Raises:
        UsageError: two of one name.
    """
    named = [_source(given) for given in inputs]
    by_name: dict[str, Source] = {}
    for source in named:
        if source.name in by_name:
            pair = f'{by_name[source.name].given!r} and {source.given!r}'
            raise UsageError(f'inputs {pair} are both called {source.name!r}: say NAME=INPUT for one of them')
        by_name[source.name] = source
    return named


def list_inputs(named: list[Source], leave_out: list[str]) -> list[Entry]:
    """Every input of every INPUT.

    Args:
        leave_out: folders that are never inputs: where the output grows.
    Raises:
        UsageError: an INPUT that isn't there or holds nothing.
    """
    left_out = {os.path.realpath(folder) for folder in leave_out}
    entries: list[Entry] = []
    for source in named:
        found = [_entry(source, uri, path, len(named) > 1) for uri, path in _files(source, left_out)]
        if not found:
            raise UsageError(f'input {source.given!r}: holds no file; name a folder, a file or a glob that does')
        entries += found
    return entries


def narrow(entries: list[Entry], include: tuple[str, ...], exclude: tuple[str, ...], limit: int | None) -> list[Entry]:
    """The inputs that the globs leave, by uri, and of these the first `limit`.

    Raises:
        UsageError: none is left.
    """
    kept = [entry for entry in entries if _wanted(entry.uri, include, exclude)]
    if not kept:
        raise UsageError(f'none of {len(entries)} inputs is left by --include {list(include)} --exclude {list(exclude)}; widen them')
    return sorted(kept, key=lambda entry: entry.uri)[:limit]


def _wanted(uri: str, include: tuple[str, ...], exclude: tuple[str, ...]) -> bool:
    included = not include or any(fnmatch.fnmatchcase(uri, pattern) for pattern in include)
    return included and not any(fnmatch.fnmatchcase(uri, pattern) for pattern in exclude)


def _source(given: str) -> Source:
    name, separator, rest = given.partition('=')
    if separator and name and os.sep not in name and not os.path.lexists(given):
        return Source(name, rest)
    return Source(os.path.basename(os.path.abspath(given)), given)


def _files(source: Source, left_out: set[str]) -> Iterator[tuple[str, str]]:
    """(path below the INPUT, path) of each file."""
    given = source.given
    if os.path.isdir(given):
        yield from _walk(given, '', left_out, frozenset())
    elif os.path.lexists(given):
        yield os.path.basename(given), given
    elif glob.has_magic(given):
        yield from _matches(given, left_out)
    else:
        raise UsageError(f'input {given!r}: no such file or folder; check the path')


def _matches(pattern: str, left_out: set[str]) -> Iterator[tuple[str, str]]:
    root = _fixed_part(pattern)
    for path in sorted(glob.glob(pattern, recursive=True, include_hidden=True)):
        if not os.path.isdir(path) and not any(os.path.realpath(path).startswith(folder + os.sep) for folder in left_out):
            yield os.path.relpath(path, root), path


def _fixed_part(pattern: str) -> str:
    """The folder above the first wildcard."""
    fixed = []
    for part in Path(pattern).parts[:-1]:
        if glob.has_magic(part):
            break
        fixed.append(part)
    return os.path.join(*fixed) if fixed else os.curdir


def _walk(folder: str, below: str, left_out: set[str], above: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Every entry under a folder that is no folder; a link back to a folder above is an entry, not a way."""
    real = os.path.realpath(folder)
    if real in left_out:
        return
    entries = _scan(folder)
    names = {entry.name for entry in entries}
    for entry in entries:
        uri = f'{below}{entry.name}'
        if _is_way(entry, above | {real}):
            yield from _walk(entry.path, f'{uri}/', left_out, above | {real})
        elif not _is_sidecar(entry.name, names):
            yield uri, entry.path


def _is_way(entry: os.DirEntry[str], above: frozenset[str]) -> bool:
    """Whether an entry is a folder to walk into; one that may not be listed, or leads back up, is an input that fails."""
    return entry.is_dir() and os.access(entry.path, os.R_OK | os.X_OK) and os.path.realpath(entry.path) not in above


def _scan(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except PermissionError as error:
        raise UsageError(f'input {folder!r}: may not be listed; grant read access or leave it out') from error


def _is_sidecar(name: str, names: set[str]) -> bool:
    stem, suffix = os.path.splitext(name)
    return suffix.lower() in SIDECARS and any(f'{stem}{other}' in names for other in _SPELLINGS)


_SPELLINGS = [spelling for suffix in sorted(IMAGE_SUFFIXES) for spelling in (suffix, suffix.upper())]


def _entry(source: Source, uri: str, path: str, prefixed: bool) -> Entry:
    if prefixed and not os.path.isfile(source.given):
        uri = f'{source.name}/{uri}'
    try:
        found = os.stat(path)
    except OSError:
        return Entry(encode_uri(uri), os.path.abspath(path), None, None)
    return Entry(encode_uri(uri), os.path.abspath(path), found.st_size, found.st_mtime_ns)


def encode_uri(path: str) -> str:
    """A path as a uri: bytes that are not UTF-8, and `%`, are percent-encoded."""
    escaped = os.fsencode(path).replace(b'%', b'%25')
    return escaped.decode('utf-8', 'percent')


def _percent(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return ''.join(f'%{byte:02X}' for byte in error.object[error.start : error.end]), error.end


codecs.register_error('percent', _percent)
