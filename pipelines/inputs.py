"""Lists what the INPUTs hold, one entry at a time: every entry that is no folder is one input, whatever its name."""

from __future__ import annotations

import fnmatch
import heapq
import os
from collections.abc import Iterator
from dataclasses import dataclass
from glob import glob
from pathlib import PurePosixPath

from ..configs.errors import UsageError
from ..configs.schema import PhotoConfig
from ..storage.path import is_stored
from ..transforms.records import Entry
from .listing.archives import Named, entries
from .listing.globs import EVERYTHING, MAGIC, split_glob
from .listing.lists import SUFFIXES
from .listing.stored import stored_entries
from .listing.uris import encode_uri, file_entry, look
from .listing.walk import walk


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


def list_inputs(named: list[Source], config: PhotoConfig, leave_out: list[str]) -> Iterator[Entry]:
    """Every input of every INPUT, as they are found.

    Args:
        config: says the columns of Parquet files and tables.
        leave_out: folders that are never inputs: where the output grows.
    Raises:
        UsageError: an INPUT that isn't there, can't be opened or holds nothing.
    """
    left_out = frozenset(folder if is_stored(folder) else os.path.realpath(folder) for folder in leave_out)
    for source in named:
        number = 0
        for number, entry in enumerate(_entries(source, config, left_out, len(named) > 1), 1):  # noqa: B007
            yield entry
        if not number:
            raise UsageError(f'input {source.given!r}: holds no file; name a folder, a file or a glob that does')


def narrow(entries: Iterator[Entry], config: PhotoConfig) -> Iterator[Entry]:
    """The inputs that the globs leave, and of these the first `limit` by uri.

    Raises:
        UsageError: none is left.
    """
    kept = _wanted(entries, config.include, config.exclude)
    yield from kept if config.limit is None else heapq.nsmallest(config.limit, kept, key=lambda entry: entry.uri)


def _wanted(entries: Iterator[Entry], include: tuple[str, ...], exclude: tuple[str, ...]) -> Iterator[Entry]:
    number, kept = 0, 0
    for number, entry in enumerate(entries, 1):  # noqa: B007
        if _is_wanted(entry.uri, include, exclude):
            kept += 1
            yield entry
    if not kept:
        raise UsageError(f'none of {number} inputs is left by --include {list(include)} --exclude {list(exclude)}; widen them')


def _is_wanted(uri: str, include: tuple[str, ...], exclude: tuple[str, ...]) -> bool:
    included = not include or any(fnmatch.fnmatchcase(uri, pattern) for pattern in include)
    return included and not any(fnmatch.fnmatchcase(uri, pattern) for pattern in exclude)


def _source(given: str) -> Source:
    name, separator, rest = given.partition('=')
    first = given.partition(os.sep)[0]
    if separator and name and os.sep not in name and not os.path.lexists(first) and not glob(first):
        return Source(name, rest)
    return Source(PurePosixPath(given).name if is_stored(given) else os.path.basename(os.path.abspath(given)), given)


def _entries(source: Source, config: PhotoConfig, left_out: frozenset[str], several: bool) -> Iterator[Entry]:
    begin = f'{encode_uri(source.name)}/' if several else ''
    given = source.given
    if is_stored(given):
        yield from stored_entries(given, source.name, begin, config, left_out)
    elif os.path.isdir(given):
        for below, found in walk(os.path.abspath(given), EVERYTHING, left_out):
            yield file_entry(begin + encode_uri(below), found.path, look(found.path))
    elif os.path.lexists(given):
        yield from entries(Named(os.path.abspath(given), encode_uri(source.name), begin, by_name=True, listed=True), config)
    elif MAGIC.search(given):
        yield from _matches(given, begin, config, left_out)
    else:
        raise UsageError(f'input {given!r}: {_why_not_there(given)}; check the path')


def _why_not_there(path: str) -> str:
    """A folder on the way may be there and not be entered."""
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        pass
    except OSError as error:
        return str(error.strerror)
    return 'no such file or folder'


def _matches(pattern: str, begin: str, config: PhotoConfig, left_out: frozenset[str]) -> Iterator[Entry]:
    """The files that a glob matches, and folders on the way that can't be listed."""
    root, wanted = split_glob(pattern)
    if not os.path.isdir(root or os.curdir):
        return
    lists = pattern.lower().endswith(SUFFIXES)
    for below, found in walk(os.path.abspath(root), wanted, left_out):
        uri = begin + encode_uri(below)
        yield from entries(Named(found.path, uri, f'{uri}/', by_name=False, listed=lists and os.path.isfile(found.path)), config)
