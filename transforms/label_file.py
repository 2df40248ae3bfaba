"""One shard's labels: what was said of its photos, as a small Parquet file beside the plan's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ..storage.path import AnyPath, located
from .parts import ROW_GROUP, WORK, digest, parquet, part_name, write_whole
from .reasons import Reason

SAID = pa.schema(
    [
        pa.field('uri', pa.string(), nullable=False),
        pa.field('source', pa.string(), nullable=False),
        pa.field('file', pa.string(), nullable=False),
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
ORDER = [(name, 'ascending') for name in ('uri', 'source', 'file', 'row')]


@dataclass(frozen=True)
class Label:
    """One row of a labels file as it was found, or a photo's folder; an empty text says nothing.

    Attributes:
        uri: the input that it is about; where it matches none, what the file says.
        row: number of the row, from 1; 0 for a folder.
        votes: one text a vote, in the config's order.
        box: x, y, width, height, one text each.
        unmatched: why it belongs to no input.
        source: name of its collection.
        file: base name of the labels file; empty for a folder.
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
    source: str = ''
    file: str = ''


FIELDS = [field.name for field in fields(Label)]


def write_labels(folder: str | AnyPath, shard: int, shards: int, labels: pa.Table | Sequence[Label]) -> str:
    """Writes one shard's labels, as `SAID` or one by one, by uri, collection, file and row; gives the SHA-256 of their file."""
    table = labels if isinstance(labels, pa.Table) else pa.Table.from_pylist([asdict(label) for label in labels], SAID)
    ordered, path = table.combine_chunks().sort_by(ORDER), _path(folder, shard, shards)
    return write_whole(path, lambda file: pq.write_table(ordered, file, compression='zstd', row_group_size=ROW_GROUP))


def labels_digest(folder: str | AnyPath, shard: int, shards: int) -> str:
    """SHA-256 of the file of a shard's labels."""
    return digest(_path(folder, shard, shards))


def read_labels(folder: str | AnyPath, shard: int, shards: int) -> dict[str, tuple[Label, ...]]:
    """A shard's labels by the uri of their photo."""
    found = defaultdict(list)
    for label in _read(folder, shard, shards, matched=True):
        found[label.uri].append(label)
    return {uri: tuple(labels) for uri, labels in found.items()}


def read_unmatched(folder: str | AnyPath, shard: int, shards: int) -> list[Label]:
    """A shard's labels that belong to no input."""
    return list(_read(folder, shard, shards, matched=False))


def _read(folder: str | AnyPath, shard: int, shards: int, matched: bool) -> Iterator[Label]:
    with parquet(_path(folder, shard, shards)) as file:
        table = file.read()
    known = pc.is_null(table['unmatched'])
    rows = table.filter(known if matched else pc.invert(known))
    columns = {name: rows[name].to_pylist() for name in rows.column_names}
    columns['votes'], columns['box'] = map(tuple, columns['votes']), map(tuple, columns['box'])
    columns['unmatched'] = (None if reason is None else Reason(reason) for reason in columns['unmatched'])
    for values in zip(*(columns[name] for name in FIELDS), strict=True):
        yield Label(*values)


def _path(folder: str | AnyPath, shard: int, shards: int) -> AnyPath:
    return located(folder, WORK, part_name('labels', shard, shards))
