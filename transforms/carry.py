"""What of an earlier run stays as it is: its rows for photos that have not changed, its faces where only the labels are new."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..storage.path import located
from .parts import part_name, read_part, row_count
from .plan_file import read_plan
from .records import Address, Entry, Known, Rows, Status
from .tables import Row, from_png, to_face, to_facts

TICK = 2_000_000_000  # nanoseconds: the coarsest clock of a file system


class Compare(Enum):
    """How a photo is told to be the one that the earlier run saw."""

    TIME = 'size and time of change, or etag'
    CONTENT = 'SHA-256 of its bytes'
    NOTHING = 'it was the same run'


@dataclass(frozen=True)
class Todo:
    """An input that must pass the line, and what is known of it already.

    Attributes:
        read: whether its bytes are needed.
    """

    entry: Entry
    known: Known | None = None
    read: bool = True


@dataclass(frozen=True)
class ShardTodo:
    """The inputs of a shard that must pass the line."""

    shard: int
    todo: list[Todo]


@dataclass(frozen=True)
class Carried:
    """A shard, sorted: rows that stay as they are, and inputs that must pass the line."""

    rows: Rows
    todo: list[Todo]


@dataclass(frozen=True)
class Carry:
    """The earlier run and what this one takes from it.

    Attributes:
        folder: its tables and plan.
        shards: their number of parts, a power of two, as this run's.
        tables: the tables whose rows are taken.
        again: statuses that are tried again.
        compare: how a photo is told to be the same.
        rows_stay: the labels are this run's too; else only boxes, landmarks and facts are taken.
        parts_stay: whole parts are this run's, byte by byte, where a shard has no change.
        crops_suit: crops that were kept are cut as this run cuts them.
        crops_kept: whether the earlier run kept crops.
        keep_crops: whether this run does.
        before: when the earlier plan's listing began, nanoseconds since 1970; what changed later may have changed twice.
        unsettled: uris of photos that changed while the earlier run read them.
    """

    folder: str
    shards: int
    tables: tuple[str, ...]
    again: frozenset[Status]
    compare: Compare
    rows_stay: bool = True
    parts_stay: bool = False
    crops_suit: bool = True
    crops_kept: bool = True
    keep_crops: bool = True
    before: int = 0
    unsettled: frozenset[str] = frozenset()

    def into(self, tables: tuple[str, ...], shards: int) -> Carry:
        """For a run with these tables and this number of shards."""
        return replace(self, tables=tables, parts_stay=self.parts_stay and self.shards == shards)

    def stays_whole(self, folder: str, shard: int) -> bool:
        """Whether a shard of a run in a folder is the earlier one's: its plan is, byte for byte, and nothing in it is looked at again.

        `todo` and `length` tell the same, one input after the other.
        """
        if not self.parts_stay or self.compare is not Compare.TIME:
            return False
        name = part_name('plan', shard, self.shards)
        if located(folder, name).read_bytes() != located(self.folder, name).read_bytes():
            return False
        plan = read_part(folder, 'plan', shard, self.shards, ['uri', 'mtime_ns', 'etag', 'status'])
        statuses = read_part(self.folder, 'images', shard, self.shards, ['status'])['status'].unique()
        settled = pc.or_kleene(pc.is_valid(plan['etag']), pc.less(plan['mtime_ns'], self.before - TICK))
        return (
            plan['status'].null_count == plan.num_rows
            and self.again.isdisjoint(statuses.to_pylist())
            and pc.all(settled.fill_null(False)).as_py() is not False
            and not (self.unsettled and pc.any(pc.is_in(plan['uri'], pa.array(self.unsettled))).as_py())
        )

    def todo(self, entries: list[Entry], shard: int, shards: int) -> list[Todo]:
        """The inputs of a shard that must pass the line; reads of the earlier tables what tells."""
        by_status = self._rows_suit and self.compare is not Compare.CONTENT
        return (replace(self, tables=('images',)) if by_status else self).sort(entries, shard, shards).todo

    def length(self, shard: int) -> int:
        """Number of inputs of one of the earlier run's shards."""
        return row_count(located(self.folder, part_name('plan', shard, self.shards)))

    def sort(self, entries: list[Entry], shard: int, shards: int) -> Carried:
        """Sorts the inputs of a shard into those whose rows stay and those that must pass the line."""
        parts = list(covering(shard, shards, self.shards))
        planned = {entry.uri: entry for part in parts for entry in read_plan(self.folder, part, self.shards)}
        by_uri = self._rows(parts)
        staying: defaultdict[str, list[Row]] = defaultdict(list)
        todo = []
        for entry in entries:
            rows = by_uri.get(entry.uri)
            if rows is None or not self._is_same(entry, planned.get(entry.uri), rows):
                todo.append(Todo(entry))
            elif self._stay(rows) and self.compare is not Compare.CONTENT:
                _add(staying, self._kept_rows(rows))
            else:
                todo.append(self._known(entry, rows))
        return Carried(staying, todo)

    def _rows(self, parts: Iterable[int]) -> dict[str, dict[str, list[Row]]]:
        """Rows by uri and table."""
        by_uri: defaultdict[str, dict[str, list[Row]]] = defaultdict(lambda: {table: [] for table in self.tables})
        for part in parts:
            for table in self.tables:
                for row in read_part(self.folder, table, part, self.shards).to_pylist():
                    by_uri[row['uri']][table].append(row)
        return by_uri

    def _is_same(self, entry: Entry, earlier: Entry | None, rows: dict[str, list[Row]]) -> bool:
        (image,) = rows['images']
        if Status(image['status']) in self.again or entry.failure is not None:
            return False
        if self.compare is Compare.TIME:
            return earlier is not None and entry.uri not in self.unsettled and is_unchanged(entry, earlier, self.before)
        return self.compare is Compare.NOTHING or image['sha256'] is not None

    def _stay(self, rows: dict[str, list[Row]]) -> bool:
        """Whether this run would make the same rows; of a photo without faces it would."""
        return not rows.get('faces', ()) or self._rows_suit

    @property
    def _rows_suit(self) -> bool:
        return self.rows_stay and (self.crops_kept or not self.keep_crops)

    def _kept_rows(self, rows: dict[str, list[Row]]) -> dict[str, list[Row]]:
        return rows if self.keep_crops else rows | {'faces': [face | {'crop': None} for face in rows.get('faces', ())]}

    def _known(self, entry: Entry, rows: dict[str, list[Row]]) -> Todo:
        (image,) = rows['images']
        facts, faces = to_facts(image), tuple(map(to_face, rows['faces']))
        if self._stay(rows):
            return Todo(entry, Known(facts, faces, rows=self._kept_rows(rows)))
        crops = _kept(rows['faces']) if self.crops_suit else None
        return Todo(entry, Known(facts, faces, crops), crops is None or self.compare is Compare.CONTENT)


def covering(shard: int, shards: int, others: int) -> Iterator[int]:
    """The parts, out of `others`, that hold what one of `shards` shards holds; both numbers are powers of two."""
    first = shard * others // shards
    yield from range(first, max(first + 1, (shard + 1) * others // shards))


def is_unchanged(entry: Entry, earlier: Entry, before: int) -> bool:
    """Whether a listing says that an input still is what it was.

    A file that changed after the earlier listing had begun, or within one tick of a coarse clock before, may have changed again without
    a sign of it.
    """
    if signs(entry) != signs(earlier):
        return False
    return entry.etag is not None or (entry.mtime_ns is not None and entry.mtime_ns < before - TICK)


def signs(entry: Entry) -> tuple[int | None, int | None, str | None, Address | None]:
    """What differs when an input's bytes do: of a member also its place, which tells one column or member of a name from another."""
    return entry.size, entry.mtime_ns, entry.etag, entry.address and replace(entry.address, container='')


def _add(rows: defaultdict[str, list[Row]], more: Rows) -> None:
    for table, some in more.items():
        rows[table] += some


def _kept(faces: list[Row]) -> np.ndarray | None:
    """The crops that a run kept, where it kept all: (n, size, size, 1 or 3) uint8, grey or RGB."""
    if any(face['crop'] is None for face in faces):
        return None
    return np.stack([from_png(face['crop']) for face in faces])
