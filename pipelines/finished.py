"""A snapshot as its snapshot.json describes it, read a shard at a time."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ..configs.errors import UsageError
from ..storage.path import AnyPath
from ..transforms.parts import SNAPSHOT, WORK, part_name, read_part, row_count
from ..transforms.tables import SCHEMA_VERSION, Row
from .description import lacking, misshapen

COLUMNS = {
    'plan': ('uri',),
    'images': ('uri', 'image_id', 'face_count'),
    'faces': ('face_id', 'uri', 'image_id', 'face_index'),
    'labels': ('face_id', 'uri', 'face_index'),
    'examples': ('face_id', 'uri'),
    'rejects': ('face_id', 'uri'),
    'duplicates': ('face_id', 'uri'),
}


@dataclass(frozen=True)
class Finding:
    """What is wrong with a file of a snapshot."""

    file: str
    what: str


@dataclass(frozen=True)
class Shard:
    """The rows of one shard by table.

    Attributes:
        names: the parts' names.
    """

    names: Mapping[str, str]
    tables: Mapping[str, list[Row]]

    def __getitem__(self, table: str) -> list[Row]:
        return self.tables[table]

    def about(self, table: str, uris: Iterable[str], what: str) -> Iterator[Finding]:
        """One finding for all photos with which something is wrong, none where there are none."""
        wrong = sorted(set(uris))
        if wrong:
            more = f' and {len(wrong) - 1} more' if wrong[1:] else ''
            yield Finding(self.names[table], f'{wrong[0]!r}{more}: {what}')


@dataclass(frozen=True)
class Finished:
    """A finished snapshot.

    Attributes:
        said: what snapshot.json says.
        whole: names of the parts that are as they were written; only these are read.
    """

    folder: AnyPath
    said: Mapping[str, Any]
    whole: frozenset[str] = frozenset()

    @cached_property
    def files(self) -> dict[str, str]:
        """SHA-256 by path below the folder."""
        return dict(self.said['files'])

    @property
    def shards(self) -> int:
        return int(self.said['shards'])

    @property
    def tables(self) -> list[str]:
        return sorted(self.said['counts'])

    @property
    def parts(self) -> list[str]:
        """Names of all parts that there must be, those of the plan too."""
        return [part_name(table, shard, self.shards) for table in ('plan', *self.tables) for shard in range(self.shards)]

    def has(self, *tables: str) -> bool:
        """Whether all parts of some tables can be read."""
        return all({part_name(table, shard, self.shards) for shard in range(self.shards)} <= self.whole for table in tables)

    def shard(self, number: int) -> Shard:
        """What checks need of a shard's parts, as far as they can be read."""
        names = {table: part_name(table, number, self.shards) for table in ('plan', *self.tables)}
        read = [table for table, name in names.items() if name in self.whole and table in COLUMNS]
        return Shard(names, {table: self.rows(table, number, *COLUMNS[table]) for table in read})

    def length(self, table: str, shard: int) -> int:
        """Rows of a part."""
        return row_count(self.folder / part_name(table, shard, self.shards))

    def rows(self, table: str, shard: int, *columns: str) -> list[Row]:
        """Some columns of a part, or of a shard's plan."""
        rows: list[Row] = read_part(self.folder, table, shard, self.shards, columns).to_pylist()
        return rows

    def parts_of(self, table: str, *columns: str) -> Iterator[list[Row]]:
        """Some columns of a table, a part at a time."""
        return (self.rows(table, shard, *columns) for shard in range(self.shards))

    def all_rows(self, table: str, *columns: str) -> Iterator[Row]:
        """Some columns of a table, row by row."""
        return (row for part in self.parts_of(table, *columns) for row in part)


def describe(folder: AnyPath) -> Finished:
    """Reads what a snapshot says of itself.

    Raises:
        UsageError: it is none, or one that this code does not read.
    """
    refuse_unreadable_name(folder)
    path = folder / SNAPSHOT
    if not folder.is_dir():
        raise UsageError(f'snapshot {str(folder)!r}: no such folder; name the folder of one')
    if not path.is_file():
        raise UsageError(f'snapshot {str(folder)!r}: {_unfinished(folder)}')
    try:
        said = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise UsageError(f'snapshot {str(folder)!r}: {SNAPSHOT} is no JSON ({error}); make it again') from error
    if wrong := lacking(said):
        raise UsageError(f'snapshot {str(folder)!r}: {SNAPSHOT} lacks {", ".join(wrong)}: it was not written by mien, or changed since')
    if said['schema_version'] != SCHEMA_VERSION:
        raise UsageError(f'snapshot {str(folder)!r}: schema version {said["schema_version"]}, this mien reads {SCHEMA_VERSION}')
    if wrong := misshapen(said):
        raise UsageError(f'snapshot {str(folder)!r}: {SNAPSHOT} says of {", ".join(wrong)} what mien never writes: it was changed since')
    return Finished(folder, said)


def refuse_unreadable_name(folder: AnyPath) -> None:
    """Raises UsageError where a snapshot's name is no UTF-8, as Parquet's readers want it."""
    try:
        str(folder).encode()
    except UnicodeEncodeError as error:
        raise UsageError(f'folder {str(folder)!r}: its name is no UTF-8; rename it, or name another one') from error


def said_by_mien(folder: AnyPath) -> Mapping[str, Any] | None:
    """What snapshot.json says where mien wrote it, in whatever version; None where there is none of ours."""
    path = folder / SNAPSHOT
    if not path.is_file():
        return None
    try:
        said = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        return None
    return None if lacking(said) else said


def _unfinished(folder: AnyPath) -> str:
    if folder.name.endswith('.partial') or (folder / WORK).is_dir():
        return f'holds no {SNAPSHOT}: it is unfinished; the command that began it goes on'
    if folder.with_name(f'{folder.name}.partial').is_dir():
        return f'holds no {SNAPSHOT}, and {folder.name}.partial beside it is unfinished; the command that began it goes on'
    return f'holds no {SNAPSHOT}: it is no snapshot; name the folder of one'
