"""Parts of a snapshot: their names, how one is written whole or not at all, and the marker of a finished shard."""

from __future__ import annotations

import hashlib
import json
import os
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

SNAPSHOT, WORK = 'snapshot.json', '_work'
LISTED = 'plan/listed.json'  # when the listing began
UNSETTLED = 'plan/unsettled.json'  # inputs that changed while they were read
DONE, JUDGED = 'done', 'judged'  # steps that leave a marker: a shard's photos and faces; its examples
ROW_GROUP = 16384  # rows at most


@dataclass(frozen=True)
class Tally:
    """What a job counts of a shard's rows beyond their number.

    Attributes:
        counts: by subject and by name, as in `rejects`, `tie`.
        record_bytes: size of what will be records, by split.
    """

    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    record_bytes: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Marker:
    """What a finished shard says of itself.

    Attributes:
        shard: its number.
        plan: SHA-256 of what it was made from; another one makes the marker void.
        rows: rows by table.
        files: SHA-256 by path below the snapshot.
        statuses: photos by status.
        claimed: photos whose name or header claims an image.
        failed: those of them that failed.
        tallies, record_bytes: see `Tally`.
        doubtful: uris of photos that a limit of time or memory, or a crash decided, in any try.
        second: whether those were tried once more.
    """

    shard: int
    plan: str
    rows: dict[str, int]
    files: dict[str, str]
    statuses: dict[str, int] = field(default_factory=dict)
    claimed: int = 0
    failed: int = 0
    tallies: dict[str, dict[str, int]] = field(default_factory=dict)
    record_bytes: dict[str, int] = field(default_factory=dict)
    doubtful: list[str] = field(default_factory=list)
    second: bool = False


def part_name(table: str, shard: int, shards: int) -> str:
    """`table/part-00000-of-00008.parquet`."""
    return f'{table}/part-{shard:05d}-of-{shards:05d}.parquet'


def marker_path(folder: str | Path, shard: int, step: str = DONE) -> Path:
    """Where the marker of a shard stands that has been through a step."""
    return Path(folder, WORK, step, f'{shard:05d}.json')


def unsettled_path(folder: str | Path, shard: int) -> Path:
    """Where a shard says which of its inputs changed while they were read."""
    return Path(folder, WORK, 'unsettled', f'{shard:05d}.json')


def write_marker(folder: str | Path, marker: Marker, step: str = DONE) -> None:
    """Says that a shard has been through a step; the last thing that is written of it."""
    write_json(marker_path(folder, marker.shard, step), asdict(marker))


def read_marker(path: Path) -> Marker:
    """A finished shard's marker."""
    return Marker(**json.loads(path.read_text()))


def write_table(path: str | Path, rows: list[dict[str, Any]], schema: pa.Schema) -> str:
    """Writes rows as one Parquet file, whole or not at all; gives its SHA-256."""
    table = pa.Table.from_pylist(rows, schema=schema)
    return write_whole(path, lambda file: _write_parquet(file, table))


def _write_parquet(file: IO[bytes], table: pa.Table) -> None:
    """Writes a table; an empty one has no row group, since some readers fail at one of no rows."""
    with pq.ParquetWriter(file, table.schema, compression='zstd') as writer:
        if table.num_rows:
            writer.write_table(table, ROW_GROUP)


def read_part(folder: str | Path, table: str, shard: int, shards: int, columns: Sequence[str] | None = None) -> pa.Table:
    """Some columns of a part, by default all."""
    with pq.ParquetFile(Path(folder, part_name(table, shard, shards))) as file:
        return file.read(None if columns is None else list(columns))


def write_json(path: str | Path, value: Mapping[str, Any]) -> str:
    """Writes a value as JSON with sorted keys, whole or not at all; gives its SHA-256."""
    return write_whole(path, lambda file: file.write((json.dumps(value, indent=2, sort_keys=True) + '\n').encode()))


def write_whole(path: str | Path, write: Callable[[IO[bytes]], object]) -> str:
    """Writes a file beside its place, flushes it to the disk and moves it there; gives its SHA-256."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f'.{path.name}.{uuid.uuid4().hex}')
    try:
        with naming(path), open(beside, 'w+b') as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
            file.seek(0)
            digest = hashlib.file_digest(file, 'sha256').hexdigest()
        os.replace(beside, path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    return digest


@contextmanager
def naming(path: str | Path) -> Iterator[None]:
    """Has an error of writing a file say which one: a full disk does not."""
    try:
        yield
    except OSError as error:
        if error.errno and error.filename is None:
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise
