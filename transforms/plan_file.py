"""One shard's plan: the inputs that it holds, sorted by uri, as a small Parquet file."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from .parts import part_name, write_table
from .records import Entry

PLAN = pa.schema(
    [
        pa.field('uri', pa.string(), nullable=False),
        pa.field('path', pa.binary(), nullable=False),
        ('size', pa.int64()),
        ('mtime_ns', pa.int64()),
    ]
)


def write_plan(folder: str | Path, shard: int, shards: int, entries: Iterable[Entry]) -> str:
    """Writes one shard's plan; gives its SHA-256."""
    rows = [asdict(entry) | {'path': os.fsencode(entry.path)} for entry in sorted(entries, key=lambda entry: entry.uri)]
    return write_table(Path(folder, part_name('plan', shard, shards)), rows, PLAN)


def read_plan(folder: str | Path, shard: int, shards: int) -> list[Entry]:
    """The inputs of one shard by uri."""
    rows = pq.read_table(Path(folder, part_name('plan', shard, shards))).to_pylist()
    return [Entry(**row | {'path': os.fsdecode(row['path'])}) for row in rows]
