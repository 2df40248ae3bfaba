"""Rows on their way to their shards: kept in files by the leading bits of their keys, so that no more than one file's are in memory."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from ..transforms.parts import naming

BITS = 8
BUCKETS = 1 << BITS
HELD = 1 << 15  # rows that stay in memory
HUGE = 1 << 18  # rows of a bucket from which on it is split once more, where it holds several shards
KEY = 'key'  # uint64


class Spool:
    """Tables with a column `key`, cut into buckets; the first few rows stay in memory.

    Attributes:
        rows: number of rows by bucket.
    """

    def __init__(self, folder: Path, skip: int = 0) -> None:
        """A spool by `BITS` bits of the key after the first `skip`."""
        self._folder, self._skip = folder, skip
        self.rows: Counter[int] = Counter()
        self._finer: dict[int, Spool] = {}
        self._held: list[pa.Table] = []
        self._spilled = False
        folder.mkdir(parents=True)

    def add(self, table: pa.Table) -> None:
        """Takes rows in."""
        numbers, counts = np.unique(self._buckets(table), return_counts=True)
        self.rows.update(dict(zip(numbers.tolist(), counts.tolist(), strict=True)))
        self._held.append(table)
        if sum(some.num_rows for some in self._held) >= HELD:
            self._spill()

    def units(self, shard_bits: int) -> Iterator[pa.Table]:
        """All rows, in tables that hold whole shards, in the order of shards."""
        width = BUCKETS >> min(BITS, shard_bits)
        if not self._spilled:
            held = pa.concat_tables(self._held) if self._held else None
            yield from (some for _, some in split(held, self._buckets(held) // np.uint64(width))) if held else ()
            return
        self._spill()
        for start in range(0, BUCKETS, width):
            held = [bucket for bucket in range(start, start + width) if self.rows[bucket]]
            if shard_bits > BITS and self.rows[start] > HUGE:
                yield from self._split(start).units(shard_bits - BITS)
            elif held:
                yield pa.concat_tables(stream for bucket in held for stream in self._streams(bucket))

    def _buckets(self, table: pa.Table) -> np.ndarray:
        return (keys(table) >> np.uint64(64 - BITS - self._skip)) & np.uint64(BUCKETS - 1)

    def _spill(self) -> None:
        """Puts what is in memory into the buckets' files."""
        for bucket, some in split(held := pa.concat_tables(self._held), self._buckets(held)) if self._held else ():
            self._append(self._path(bucket), some)
        self._held, self._spilled = [], True

    def _split(self, bucket: int) -> Spool:
        if bucket not in self._finer:
            self._finer[bucket] = finer = Spool(self._folder / f'{bucket:03d}', self._skip + BITS)
            for stream in self._streams(bucket):
                finer.add(stream)
        return self._finer[bucket]

    def _streams(self, bucket: int) -> Iterator[pa.Table]:
        size = os.path.getsize(self._path(bucket))
        with pa.OSFile(str(self._path(bucket))) as file:
            while file.tell() < size:
                yield pa.ipc.open_stream(file).read_all()

    def _append(self, path: Path, table: pa.Table) -> None:
        with naming(path), open(path, 'ab') as file, pa.ipc.new_stream(file, table.schema) as stream:
            stream.write_table(table)

    def _path(self, bucket: int) -> Path:
        return self._folder / f'{bucket:03d}.arrows'


def keys(table: pa.Table) -> np.ndarray:
    """The keys of a table, uint64."""
    return table[KEY].to_numpy()


def split(table: pa.Table, numbers: np.ndarray) -> Iterator[tuple[int, pa.Table]]:
    """The rows of each number that occurs, in the order of numbers."""
    order = np.argsort(numbers, kind='stable')
    ordered, found = table.take(order), numbers[order]
    values, starts = np.unique(found, return_index=True)
    for value, start, end in zip(values, starts, [*starts, len(found)][1:], strict=True):
        yield int(value), ordered.slice(start, end - start)
