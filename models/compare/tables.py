"""The rows as files that programs read."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import asdict, fields

import pyarrow as pa
import pyarrow.parquet as pq

from .columns import to_table
from .row import Row

APART = ('recall', 'exports')  # one column for each class; JSON


def parquet(rows: Sequence[Row]) -> bytes:
    """Parquet, all columns."""
    sink = pa.BufferOutputStream()
    pq.write_table(to_table(rows), sink, compression='zstd')
    content: bytes = sink.getvalue().to_pybytes()
    return content


def csv_text(rows: Sequence[Row]) -> str:
    """CSV: classes are parted by spaces, recall has a column `recall_<class>` for each, exports are JSON; empty is None."""
    names = list(dict.fromkeys(name for row in rows for name in row.recall or ()))
    columns = [key.name for key in fields(Row) if key.name not in APART]
    file = io.StringIO()
    writer = csv.writer(file, lineterminator='\n')
    writer.writerow([*columns, *(f'recall_{name}' for name in names), 'exports'])
    for row in rows:
        recall = row.recall or {}
        exports = '' if row.exports is None else json.dumps([asdict(one) for one in row.exports])
        writer.writerow([*(_cell(getattr(row, column)) for column in columns), *(_cell(recall.get(name)) for name in names), exports])
    return file.getvalue()


def _cell(value: object) -> object:
    if isinstance(value, tuple):
        return ' '.join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else value
