"""A file that is an INPUT, or that a glob which is one matches: a photo, an archive or a list of uris."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from ...configs.errors import UsageError
from ...configs.schema import PhotoConfig
from ...transforms.containers import parquet, tar, zip_list
from ...transforms.containers.kinds import kind_of
from ...transforms.containers.member import Broken, Container, Member
from ...transforms.records import Entry, Failure, Kind
from .lists import is_list, line_entries, lines
from .names import told_apart, without_sidecars
from .uris import encode_uri, file_entry, look


@dataclass(frozen=True)
class Named:
    """A file that may be opened.

    Attributes:
        path: where it is, absolute.
        uri: its own.
        begin: what uris of its rows or lines begin with.
        by_name: an INPUT names it, not a glob: it must be whole enough to be opened.
        listed: it may be a list, if it is called like one.
    """

    path: str
    uri: str
    begin: str
    by_name: bool
    listed: bool


def entries(named: Named, config: PhotoConfig) -> Iterator[Entry]:
    """The inputs that a file holds; itself, if it is no archive and no list.

    Raises:
        UsageError: it can't be opened as what it begins like; columns that are not there; a line that names nothing.
    """
    found = look(named.path)
    kind = Kind.FILE if found is None else kind_of(named.path)
    if found is None or (kind is Kind.FILE and not (named.listed and is_list(named.path))):
        yield file_entry(named.uri, named.path, found)
    elif kind is Kind.FILE:
        yield from line_entries(named.path, lines(named.path, config.key_column), named.begin)
    else:
        yield from _container(named, Container(kind, named.uri, named.path, found.size, found.mtime_ns, found.etag), config)


def _container(named: Named, container: Container, config: PhotoConfig) -> Iterator[Entry]:
    match container.kind:
        case Kind.PARQUET:
            yield from _parquet(named, container, config)
        case Kind.ZIP:
            yield from _members(named, container, zip_list.members(container))
        case _:
            yield from _members(named, container, tar.members(container))


def _members(named: Named, container: Container, members: Iterator[Member]) -> Iterator[Entry]:
    for member in told_apart(without_sidecars(_opened(named, members))):
        uri = container.uri if member.name is None else f'{container.uri}!/{encode_uri(member.name)}'
        yield _entry(container, member, uri)


def _parquet(named: Named, container: Container, config: PhotoConfig) -> Iterator[Entry]:
    try:
        columns = parquet.columns(named.path, config.bytes_column, config.key_column)
    except Broken as broken:
        yield from _members(named, container, iter([container.itself(broken.failure)]))
        return
    if columns.content is None:
        yield from line_entries(named.path, _parquet_lines(named.path, columns.key), named.begin)
        return
    for row, member in enumerate(told_apart(_opened(named, parquet.members(container, columns)))):
        unnamed = container.uri if member.address is None else f'{container.uri}#{row}'
        yield _entry(container, member, unnamed if member.name is None else named.begin + encode_uri(member.name))


def _parquet_lines(path: str, column: str | None) -> Iterator[tuple[int, str]]:
    try:
        for number, (_, _, line) in enumerate(parquet.keys(path, column), 1):
            if line:
                yield number, os.fsdecode(line)
    except Broken as broken:
        raise UsageError(f'input {path!r}: {broken.failure.detail}; name a whole list') from broken


def _opened(named: Named, members: Iterator[Member]) -> Iterable[Member]:
    """The members of what can be opened; what an INPUT names must be."""
    first = next(members, None)
    if first is None:
        return ()
    if named.by_name and first.address is None:
        assert isinstance(first.failure, Failure)
        raise UsageError(f'input {named.path!r}: {first.failure.status}: {first.failure.detail}; name a whole archive or leave it out')
    return chain((first,), members)


def _entry(container: Container, member: Member, uri: str) -> Entry:
    return Entry(uri, container.path, member.size, container.mtime_ns, container.etag, address=member.address, failure=member.failure)
