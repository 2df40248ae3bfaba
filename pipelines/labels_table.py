"""Reads labels files, CSV or Parquet, whose columns the config names: some rows at a time, as Arrow columns."""

from __future__ import annotations

import os
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as csv
import pyarrow.parquet as pq

from ..configs.errors import UsageError
from ..configs.load import suggestion
from ..configs.schema import SourceConfig
from ..storage.either import read_range
from ..storage.path import located
from .build_config import columns
from .collections import Collection
from .surroundings import is_fault

PARQUET = b'PAR1'
BLOCK = 1 << 21  # bytes of a file at a time
AT_ONCE = 1 << 16  # rows of a Parquet file at a time
PARSE = csv.ParseOptions(newlines_in_values=True)


def check_file(path: str, config: SourceConfig) -> None:
    """Opens a labels file and reads its first rows.

    Raises:
        UsageError: no file, neither CSV nor Parquet, a column that it does not have or has twice, or no row.
    """
    if not any(texts.num_rows for texts in _batches(path, columns(config))):
        raise _without_rows(path)


def given_splits(collection: Collection) -> set[str]:
    """What stands in the split column of a collection's labels files; nothing where none is named.

    Raises:
        UsageError: as `check_file`, and a row further down that cannot be read.
    """
    column, found = collection.config.split_column, set[str]()
    if column is not None:
        for path in collection.labels:
            for texts in _batches(path, [column]):
                found.update(pc.unique(pc.utf8_trim_whitespace(texts[column])).to_pylist())
    return found


def read_collection(collection: Collection) -> Iterator[pa.Table]:
    """Every row of a collection's labels files, in their order, with what it calls its photo as uri.

    Returns:
        Tables of the columns of `SAID` but `unmatched`. Every value is a text, where there is none an empty one.
    Raises:
        UsageError: as `check_file`, and a row further down that cannot be read.
    """
    for path in collection.labels:
        row = 1
        for texts in _batches(path, columns(collection.config)):
            yield _said(texts, collection, os.path.basename(path), row)
            row += texts.num_rows


def _said(texts: pa.RecordBatch, collection: Collection, file: str, row: int) -> pa.Table:
    config, rows = collection.config, texts.num_rows

    def text(column: str | None) -> pa.Array:
        return pa.repeat('', rows) if column is None else pc.utf8_trim_whitespace(texts[column])

    return pa.table(
        {
            'uri': text(config.image_column),
            'source': pa.repeat(collection.name, rows),
            'file': pa.repeat(file, rows),
            'row': pa.array(np.arange(row, row + rows)),
            'label': text(None if config.votes else config.label_column),
            'votes': _lists(texts, list(config.votes.values())),
            'split': text(config.split_column),
            'subject': text(config.subject_column),
            'face_id': text(config.face_id_column),
            'box': _lists(texts, list(config.box_columns)),
        }
    )


def _lists(texts: pa.RecordBatch, names: list[str]) -> pa.ListArray:
    """The values of some columns, one list a row."""
    rows, width = texts.num_rows, len(names)
    values = pa.concat_arrays([pa.array([], pa.string()), *(texts[name] for name in names)])
    by_row = np.arange(rows * width).reshape(width, rows).T.ravel()
    return pa.ListArray.from_arrays(pa.array(np.arange(rows + 1, dtype=np.int32) * width, pa.int32()), values.take(pa.array(by_row)))


def _batches(path: str, wanted: list[str]) -> Iterator[pa.RecordBatch]:
    try:
        is_parquet = read_range(located(path), 0, len(PARQUET)) == PARQUET
        yield from _parquet(path, wanted) if is_parquet else _csv(path, wanted)
    except OSError as error:
        if is_fault(error):
            raise
        raise UsageError(f'labels {path!r}: {error.strerror or _line(error)}; name a CSV or Parquet file') from error
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, UnicodeDecodeError) as error:
        if 'Empty CSV' in str(error):  # not even a line break after the header
            raise _without_rows(path) from error
        raise UsageError(f'labels {path!r}: neither CSV in UTF-8 nor Parquet: {_line(error)}') from error


def _parquet(path: str, wanted: list[str]) -> Iterator[pa.RecordBatch]:
    with located(path).open('rb') as opened, pq.ParquetFile(opened, buffer_size=BLOCK) as file:
        _check_columns(path, wanted, file.schema_arrow.names)
        for batch in file.iter_batches(AT_ONCE, columns=wanted):
            yield pa.record_batch([batch[name].cast(pa.string()).fill_null('') for name in wanted], wanted)


def _csv(path: str, wanted: list[str]) -> Iterator[pa.RecordBatch]:
    with located(path).open('rb') as file, csv.open_csv(file, parse_options=PARSE) as reader:
        _check_columns(path, wanted, reader.schema.names)
    texts = {name: pa.string() for name in wanted}
    convert = csv.ConvertOptions(column_types=texts, include_columns=wanted, strings_can_be_null=False)
    with located(path).open('rb') as file, csv.open_csv(file, csv.ReadOptions(block_size=BLOCK), PARSE, convert) as reader:
        yield from reader


def _check_columns(path: str, wanted: list[str], names: list[str]) -> None:
    for column in wanted:
        if column not in names:
            raise UsageError(f'labels {path!r}: no column {column!r}{suggestion(column, names)}; it has {", ".join(names)}')
        if names.count(column) > 1:
            raise UsageError(f'labels {path!r}: {names.count(column)} columns are called {column!r}; rename all but one')


def _without_rows(path: str) -> UsageError:
    return UsageError(f'labels {path!r}: holds no row; name a file with a header and a row for each label')


def _line(error: Exception) -> str:
    return ' '.join(str(error).split())
