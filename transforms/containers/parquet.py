"""Parquet: rows are addressed by row group and row in it, and come in small batches of the one column that is needed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby, repeat
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ...storage.path import located
from ..records import Entry, Failure, Status
from .member import Broken, Container, Member, faults, place, size_of
from .parquet_columns import Columns, choose

BUFFER = 1 << 20  # bytes that are read ahead of a column
KEYS_AT_ONCE = 4096
ROWS_PER_BYTE = 1024  # of a file, at most: more than a column of nulls has
PHOTOS_AT_ONCE = 1  # what a batch unpacks to is known only when it is there: one value in a dictionary may stand in every row
NO_BYTES = Failure(Status.EMPTY, 'the row holds no bytes')


def columns(path: str, bytes_column: str | None, key_column: str | None) -> Columns:
    """Where photos and their names are in a Parquet file.

    Raises:
        Broken: it can't be opened.
        UsageError: see `choose`.
    """
    with located(path).open('rb') as file, faults():
        schema = _open(file).schema_arrow
    return choose(path, schema, bytes_column, key_column)


def members(container: Container, columns: Columns) -> Iterator[Member]:
    """Every row; one member of the container itself where it breaks off."""
    count = 0
    try:
        for group, row, key in keys(container.path, columns.key):
            address = container.address(group=group, number=row, column=columns.content)
            yield Member(key or None, None, address)
            count += 1
    except Broken as broken:
        detail = f'can be read up to row {count}: {broken.failure.detail}'
        yield container.itself(Failure(broken.failure.status, detail))


def keys(path: str, column: str | None) -> Iterator[tuple[int, int, bytes | None]]:
    """Row group, row in it and name of every row.

    Raises:
        Broken: the file makes no sense from here on.
    """
    with located(path).open('rb') as file:
        with faults():
            parquet = _open(file)
        size = size_of(file)
        for group in range(parquet.num_row_groups):
            rows = parquet.metadata.row_group(group).num_rows
            if rows > ROWS_PER_BYTE * size:
                raise Broken(Status.CORRUPT, f'a row group of {rows} rows in a file of {size} bytes')
            names = _names(parquet, group, column) if column else repeat(None, rows)
            yield from ((group, row, name) for row, name in enumerate(names))


def read(file: BinaryIO, entries: Sequence[Entry], max_bytes: int) -> Iterator[tuple[Entry, bytes | Failure]]:
    """The bytes of rows, by row group and row."""
    ordered = sorted(entries, key=lambda entry: (place(entry).group, place(entry).number))
    for (group, column), some in groupby(ordered, key=lambda entry: (place(entry).group, place(entry).column)):
        yield from _rows(file, group, column, {place(entry).number: entry for entry in some}, max_bytes)


def _rows(file: BinaryIO, group: int, column: str, wanted: dict[int, Entry], max_bytes: int) -> Iterator[tuple[Entry, bytes | Failure]]:
    failure, start = Failure(Status.CORRUPT, 'its row group ends before it'), 0
    try:
        with faults():
            parquet = _open(file)
        for values in _batches(parquet, group, column, PHOTOS_AT_ONCE):
            for row in range(start, start + len(values)):
                if row in wanted:
                    yield wanted.pop(row), _content(values[row - start], max_bytes)
            start += len(values)
            if not wanted:
                return
    except Broken as broken:
        failure = Failure(Status.CORRUPT, f'its row group cannot be read: {broken.failure.detail}')
    for entry in wanted.values():
        yield entry, failure


def _content(value: pa.Scalar, max_bytes: int) -> bytes | Failure:
    if not value.is_valid:
        return NO_BYTES
    size = value.as_buffer().size
    return value.as_py() if size <= max_bytes else Failure(Status.TOO_LARGE, f'{size} bytes, limit {max_bytes}')


def _names(parquet: pq.ParquetFile, group: int, column: str) -> Iterator[bytes | None]:
    for values in _batches(parquet, group, column, KEYS_AT_ONCE):
        with faults():
            names = _as_bytes(values)
        yield from names


def _as_bytes(values: pa.Array) -> list[bytes | None]:
    values = values.dictionary_decode() if pa.types.is_dictionary(values.type) else values
    values = values.cast(pa.string()) if pa.types.is_integer(values.type) else values
    found: list[bytes | None] = values.cast(pa.binary()).to_pylist()
    return found


def _batches(parquet: pq.ParquetFile, group: int, column: str, size: int) -> Iterator[pa.Array]:
    """The values of a column or of a struct's child, batch by batch."""
    batches = parquet.iter_batches(size, row_groups=[group], columns=[column], use_threads=False)
    while True:
        with faults():
            batch = next(batches, None)
            if batch is None:
                return
            values = batch.column(0)
            if pa.types.is_struct(values.type):
                values = pc.struct_field(values, column.rpartition('.')[2])
        yield values


def _open(file: BinaryIO) -> pq.ParquetFile:
    return pq.ParquetFile(file, buffer_size=BUFFER, pre_buffer=False)
