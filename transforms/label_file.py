"""One shard's labels: what was said of its photos, as a small Parquet file beside the plan's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ..models.package import sha256
from .parts import WORK, marker_path, part_name, write_table
from .reasons import Reason

SAID = pa.schema(
    [
        pa.field('uri', pa.string(), nullable=False),
        pa.field('row', pa.int64(), nullable=False),
        pa.field('label', pa.string(), nullable=False),
        pa.field('votes', pa.list_(pa.string()), nullable=False),
        pa.field('split', pa.string(), nullable=False),
        pa.field('subject', pa.string(), nullable=False),
        pa.field('face_id', pa.string(), nullable=False),
        pa.field('box', pa.list_(pa.string()), nullable=False),
        ('unmatched', pa.string()),
    ]
)


@dataclass(frozen=True)
class Label:
    """One row of a labels file as it was found, or a photo's folder; an empty text says nothing.

    Attributes:
        uri: the input that it is about; where it matches none, what the file says.
        row: number of the row, from 1; 0 for a folder.
        votes: one text a vote, in the config's order.
        box: x, y, width, height, one text each.
        unmatched: why it belongs to no input.
    """

    uri: str
    row: int
    label: str
    votes: tuple[str, ...] = ()
    split: str = ''
    subject: str = ''
    face_id: str = ''
    box: tuple[str, ...] = ()
    unmatched: Reason | None = None


def write_labels(folder: str | Path, shard: int, shards: int, labels: Sequence[Label]) -> None:
    """Writes one shard's labels; where they differ from those of an interrupted run, the shard is not done any more."""
    path = _path(folder, shard, shards)
    before = sha256(path) if path.is_file() else None
    beside = path.with_suffix('.new')
    if write_table(beside, [asdict(label) for label in labels], SAID) != before:
        marker_path(folder, shard).unlink(missing_ok=True)
    beside.replace(path)


def read_labels(folder: str | Path, shard: int, shards: int) -> dict[str, tuple[Label, ...]]:
    """A shard's labels by the uri of their photo."""
    found = defaultdict(list)
    for label in _read(folder, shard, shards):
        if label.unmatched is None:
            found[label.uri].append(label)
    return {uri: tuple(labels) for uri, labels in found.items()}


def read_unmatched(folder: str | Path, shard: int, shards: int) -> list[Label]:
    """A shard's labels that belong to no input."""
    return [label for label in _read(folder, shard, shards) if label.unmatched is not None]


def _read(folder: str | Path, shard: int, shards: int) -> list[Label]:
    return [_label(row) for row in pq.read_table(_path(folder, shard, shards)).to_pylist()]


def _label(row: dict[str, Any]) -> Label:
    unmatched = None if row['unmatched'] is None else Reason(row['unmatched'])
    return Label(**row | {'votes': tuple(row['votes']), 'box': tuple(row['box']), 'unmatched': unmatched})


def _path(folder: str | Path, shard: int, shards: int) -> Path:
    return Path(folder, WORK, part_name('labels', shard, shards))
