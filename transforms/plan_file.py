"""One shard's plan: the inputs that it holds, sorted by uri, as a small Parquet file."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ..storage.path import AnyPath, located
from .parts import ROW_GROUP, parquet, part_name, write_whole
from .records import Address, Entry, Failure, Kind, Status

PLAN = pa.schema(
    [
        pa.field('uri', pa.string(), nullable=False),
        pa.field('path', pa.binary(), nullable=False),
        pa.field('kind', pa.string(), nullable=False),
        ('container', pa.string()),
        ('container_size', pa.int64()),
        ('offset', pa.int64()),
        ('number', pa.int64()),
        ('group', pa.int64()),
        ('packed', pa.int64()),
        ('method', pa.int64()),
        ('crc', pa.int64()),
        ('column', pa.string()),
        ('size', pa.int64()),
        ('mtime_ns', pa.int64()),
        ('etag', pa.string()),
        ('status', pa.string()),
        ('detail', pa.string()),
    ]
)
PLACE = [field.name for field in fields(Address) if field.name != 'kind']
NOWHERE: dict[str, Any] = dict.fromkeys(PLACE)


def plan_table(entries: Sequence[Entry]) -> pa.Table:
    """Entries as rows, in their order."""
    places = [NOWHERE if entry.address is None else vars(entry.address) for entry in entries]
    columns = {
        'uri': [entry.uri for entry in entries],
        'path': [os.fsencode(entry.path) for entry in entries],
        'kind': [entry.kind for entry in entries],
        'size': [entry.size for entry in entries],
        'mtime_ns': [entry.mtime_ns for entry in entries],
        'etag': [entry.etag for entry in entries],
        'status': [None if entry.failure is None else entry.failure.status for entry in entries],
        'detail': [None if entry.failure is None else entry.failure.detail for entry in entries],
    }
    return pa.table(columns | {name: [place[name] for place in places] for name in PLACE}, schema=PLAN)


def write_plan(folder: str | AnyPath, shard: int, shards: int, entries: pa.Table | Iterable[Entry]) -> str:
    """Writes one shard's plan; gives its SHA-256."""
    table = entries if isinstance(entries, pa.Table) else plan_table(list(entries))
    ordered = table.sort_by('uri').combine_chunks()
    path = located(folder, part_name('plan', shard, shards))
    return write_whole(path, lambda file: pq.write_table(ordered, file, compression='zstd', row_group_size=ROW_GROUP))


def read_plan(folder: str | AnyPath, shard: int, shards: int) -> list[Entry]:
    """The inputs of one shard by uri."""
    with parquet(located(folder, part_name('plan', shard, shards))) as file:
        return [_entry(row) for batch in file.iter_batches() for row in batch.to_pylist()]


def _entry(row: dict[str, Any]) -> Entry:
    kind = Kind(row['kind'])
    address = None if kind is Kind.FILE else Address(kind, **{name: row[name] for name in PLACE})
    failure = None if row['status'] is None else Failure(Status(row['status']), row['detail'])
    return Entry(row['uri'], os.fsdecode(row['path']), row['size'], row['mtime_ns'], row['etag'], address, failure)
