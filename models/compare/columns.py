"""The table's columns, one for each field of a row."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict

import pyarrow as pa

from .row import Row

_EXPORT = pa.struct(
    [
        ('file', pa.string()),
        ('bytes', pa.int64()),
        ('accuracy', pa.float64()),
        ('load_warm', pa.float64()),
        ('latency', pa.float64()),
        ('faces_per_second', pa.float64()),
    ]
)
SCHEMA = pa.schema(
    [
        pa.field('id', pa.string(), nullable=False),
        pa.field('status', pa.string(), nullable=False),
        ('reason', pa.string()),
        ('dataset', pa.string()),
        pa.field('test', pa.string(), nullable=False),
        pa.field('split', pa.string(), nullable=False),
        ('architecture', pa.string()),
        ('weights', pa.string()),
        ('teachers', pa.list_(pa.string())),
        ('classes', pa.list_(pa.string())),
        ('batch_size', pa.int64()),
        ('learning_rate', pa.float64()),
        ('seed', pa.int64()),
        ('epochs_asked', pa.int64()),
        ('epochs_run', pa.int64()),
        ('ended', pa.string()),
        ('device', pa.string()),
        ('train_seconds', pa.float64()),
        ('package', pa.string()),
        ('model', pa.string()),
        ('parameters', pa.int64()),
        ('examples', pa.int64()),
        ('left_out', pa.int64()),
        ('absent', pa.list_(pa.string())),
        ('seen', pa.int64()),
        ('accuracy', pa.float64()),
        ('standard_error', pa.float64()),
        ('training_accuracy', pa.float64()),
        ('expected', pa.float64()),
        ('met', pa.bool_()),
        ('loss', pa.float64()),
        ('macro_f1', pa.float64()),
        ('calibration_error', pa.float64()),
        ('recall', pa.map_(pa.string(), pa.float64())),
        ('keras_bytes', pa.int64()),
        ('tflite_bytes', pa.int64()),
        ('int8_bytes', pa.int64()),
        ('bytes', pa.int64()),
        ('export', pa.string()),
        ('load_cold', pa.float64()),
        ('load_warm', pa.float64()),
        ('latency', pa.float64()),
        ('faces_per_second', pa.float64()),
        ('fastest', pa.string()),
        ('exports', pa.list_(_EXPORT)),
    ]
)


def to_table(rows: Iterable[Row]) -> pa.Table:
    """Rows as Arrow."""
    return pa.Table.from_pylist([_plain(row) for row in rows], SCHEMA)


def _plain(row: Row) -> dict[str, object]:
    values = asdict(row)
    values['recall'] = None if row.recall is None else list(row.recall.items())
    return values
