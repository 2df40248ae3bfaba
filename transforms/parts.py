"""Parts of a snapshot: their names, how one is written whole or not at all, and the marker of a finished shard."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from io import BufferedRandom
from pathlib import Path
from typing import IO, Any, cast

import pyarrow as pa
import pyarrow.parquet as pq

from ..models.package import sha256
from ..storage.files import upload
from ..storage.path import AnyPath, StorePath, located

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
        host: where it was done.
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
    host: str = field(default_factory=lambda: os.uname().nodename)


def part_name(table: str, shard: int, shards: int) -> str:
    """`table/part-00000-of-00008.parquet`."""
    return f'{table}/part-{shard:05d}-of-{shards:05d}.parquet'


def marker_path(folder: str | AnyPath, shard: int, step: str = DONE) -> AnyPath:
    """Where the marker of a shard stands that has been through a step."""
    return located(folder, WORK, step, f'{shard:05d}.json')


def unsettled_path(folder: str | AnyPath, shard: int) -> AnyPath:
    """Where a shard says which of its inputs changed while they were read."""
    return located(folder, WORK, 'unsettled', f'{shard:05d}.json')


def write_marker(folder: str | AnyPath, marker: Marker, step: str = DONE) -> None:
    """Says that a shard has been through a step; the last thing that is written of it."""
    write_json(marker_path(folder, marker.shard, step), asdict(marker))


def to_marker(data: bytes) -> Marker:
    """The marker that a file of one holds."""
    return Marker(**json.loads(data))


def write_table(path: str | AnyPath, rows: list[dict[str, Any]], schema: pa.Schema) -> str:
    """Writes rows as one Parquet file, whole or not at all; gives its SHA-256."""
    table = pa.Table.from_pylist(rows, schema=schema)
    return write_whole(path, lambda file: _write_parquet(file, table))


def _write_parquet(file: IO[bytes], table: pa.Table) -> None:
    """Writes a table; an empty one has no row group, since some readers fail at one of no rows."""
    with pq.ParquetWriter(file, table.schema, compression='zstd') as writer:
        if table.num_rows:
            writer.write_table(table, ROW_GROUP)


def read_part(folder: str | AnyPath, table: str, shard: int, shards: int, columns: Sequence[str] | None = None) -> pa.Table:
    """Some columns of a part, by default all."""
    with parquet(located(folder, part_name(table, shard, shards))) as file:
        return file.read(None if columns is None else list(columns))


def parquet(path: AnyPath) -> pq.ParquetFile:
    """An open Parquet file; one of a store is read whole, by one request."""
    return pq.ParquetFile(pa.BufferReader(path.read_bytes()) if isinstance(path, StorePath) else path)


def read_json(path: AnyPath) -> Any:
    """What `write_json` wrote; None where there is no such file."""
    try:
        return json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None


def digest(path: AnyPath) -> str:
    """SHA-256 of a file, 64 hex digits."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if isinstance(path, StorePath) else sha256(path)


def row_count(path: AnyPath) -> int:
    """Rows of a Parquet file."""
    with parquet(path) as file:
        return int(file.metadata.num_rows)


def write_json(path: str | AnyPath, value: Mapping[str, Any]) -> str:
    """Writes a value as JSON with sorted keys, whole or not at all; gives its SHA-256."""
    return write_whole(path, lambda file: file.write((json.dumps(value, indent=2, sort_keys=True) + '\n').encode()))


def write_whole(path: str | AnyPath, write: Callable[[IO[bytes]], object]) -> str:
    """Writes a file whole or not at all; gives its SHA-256."""
    path = located(path)
    return _put(path, write) if isinstance(path, StorePath) else _write_beside(path, write)


def _put(path: StorePath, write: Callable[[IO[bytes]], object]) -> str:
    """Writes a local file and puts it into the store, where it appears at once."""
    with tempfile.NamedTemporaryFile(prefix='mien-') as file:
        with naming(file.name):
            digest = _written(file, write)
        upload(Path(file.name), path)
    return digest


def _write_beside(path: Path, write: Callable[[IO[bytes]], object]) -> str:
    """Writes a file beside its place, flushes it to the disk and moves it there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f'.{path.name}.{uuid.uuid4().hex}')
    try:
        with naming(path), open(beside, 'w+b') as file:
            digest = _written(file, write)
            os.fsync(file.fileno())
        os.replace(beside, path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    return digest


def _written(file: IO[bytes], write: Callable[[IO[bytes]], object]) -> str:
    write(file)
    file.flush()
    file.seek(0)
    return hashlib.file_digest(cast(BufferedRandom, file), 'sha256').hexdigest()


@contextmanager
def naming(path: str | Path) -> Iterator[None]:
    """Has an error of writing a file say which one: a full disk does not."""
    try:
        yield
    except OSError as error:
        if error.errno and error.filename is None:
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise
