"""Cuts the inputs into shards by the hash of their uris and writes what each shard holds."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..configs.errors import UsageError
from ..configs.schema import PhotoConfig
from ..storage.files import ahead, read_each, remove
from ..storage.path import is_stored, located
from ..transforms.parts import DONE, JUDGED, LISTED, Marker, marker_path, part_name, read_json, read_part, to_marker, write_json
from ..transforms.plan_file import PLAN, plan_table, write_plan
from ..transforms.records import Entry, Kind
from .inputs import narrow
from .scratch import scratch
from .spool import KEY, Spool, keys, split

PER_SHARD = 1000  # inputs at most, unless the number of shards is given, or there would be more than
MOST_SHARDS = 1 << 16  # each of which has files of its own in every table
AT_ONCE = 16384  # entries
ID, GHOST = 'id', 'ghost'


@dataclass(frozen=True)
class Plan:
    """What there is to do.

    Attributes:
        shards: number of shards, a power of two.
        inputs: number of inputs.
        digests: SHA-256 of each shard's plan.
    """

    folder: str
    shards: int
    inputs: int
    digests: tuple[str, ...]

    def done(self) -> Iterator[Marker]:
        """The markers of shards that are done as planned, one after the other."""
        return (marker for marker in self._markers(DONE) if marker.plan == self.digests[marker.shard])

    def judged(self, basis: str) -> Iterator[Marker]:
        """The markers of shards whose examples are written, as they follow from a basis."""
        return (marker for marker in self._markers(JUDGED) if marker.plan == basis)

    def finished(self) -> set[int]:
        """The shards that are done as planned."""
        return {marker.shard for marker in self.done()}

    def pending(self) -> list[int]:
        """The shards that are not."""
        return sorted(set(range(self.shards)) - self.finished())

    def part(self, shard: int, columns: list[str]) -> pa.Table:
        """Some columns of a shard's plan."""
        return read_part(self.folder, 'plan', shard, self.shards, columns)

    def _markers(self, step: str) -> Iterator[Marker]:
        """The markers whose parts are there."""
        left = {path.name for path in marker_path(self.folder, 0, step).parent.glob('*.json')}
        paths = (marker_path(self.folder, shard, step) for shard in range(self.shards))
        there = _Parts(self.folder, self.shards)
        for data in read_each(path for path in paths if path.name in left):
            if data is not None and there.holds(marker := to_marker(data)):
                yield marker


class _Parts:
    """The parts of tables that are there; each table's are listed once."""

    def __init__(self, folder: str, shards: int) -> None:
        self._folder, self._end = folder, f'-of-{shards:05d}.parquet'
        self._names: dict[str, set[str]] = {}

    def holds(self, marker: Marker) -> bool:
        """Whether all of a marker's are."""
        return all(name.endswith(self._end) and name in self._table(name.partition('/')[0]) for name in marker.files)

    def _table(self, table: str) -> set[str]:
        if table not in self._names:
            self._names[table] = {f'{table}/{path.name}' for path in located(self._folder, table).glob('*')}
        return self._names[table]


@dataclass(frozen=True)
class _Listing:
    """What was listed, on its way to the shards."""

    spool: Spool
    inputs: int


def write_plans(entries: Iterator[Entry], config: PhotoConfig, folder: str) -> Plan:
    """Lists the inputs and writes one small file a shard; nothing but a spool is written before all is known to be right.

    Args:
        entries: all inputs; the config narrows them.
    Raises:
        UsageError: no input, a number of shards that is no power of two, two uris of one image_id.
    """
    if config.shards and config.shards & (config.shards - 1):
        raise UsageError(f'--shards {config.shards}: not a power of two; say {power_of_two(config.shards)}')
    began = _began(folder)
    with scratch(folder, 'listing') as work:
        listing = _listed(narrow(entries, config), work)
        shards = config.shards or shard_count(listing.inputs)
        for unit in listing.spool.units(max(8, _bits(shards))):
            _check_ids(unit)
        return _written(listing, shards, folder, began)


def _began(folder: str) -> int:
    """When the first listing began: what a killed run read then is kept."""
    listed = read_json(located(folder, LISTED))
    return int(listed['began_ns']) if listed else time.time_ns()


def shard_count(inputs: int) -> int:
    """The smallest power of two that is at least inputs / PER_SHARD, and no more than MOST_SHARDS."""
    return min(MOST_SHARDS, power_of_two(-(-inputs // PER_SHARD)))


def power_of_two(number: int) -> int:
    """The smallest that is at least a number."""
    return 1 << max(0, number - 1).bit_length()


def shard_of(image_id: str, shards: int) -> int:
    """An image's shard: the leading bits of its key, so that the shards of a smaller power of two are unions of them."""
    return int(image_id, 16) >> (64 - _bits(shards))


def _bits(shards: int) -> int:
    return shards.bit_length() - 1


def _listed(entries: Iterator[Entry], folder: Path) -> _Listing:
    spool, inputs = Spool(folder), 0
    in_one: Counter[str] = Counter()
    while some := list(islice(entries, AT_ONCE)):
        spool.add(_rows(some))
        inputs += len(some)
        in_one.update(entry.path for entry in some if entry.kind is Kind.TAR_STREAM)
    for path, members in in_one.items():
        if members > PER_SHARD:
            print(f'mien: {path}: {members} members in one shard, as a compressed tar can only be read from its front', file=sys.stderr)
    return _Listing(spool, inputs)


def _rows(entries: list[Entry]) -> pa.Table:
    """Entries by key, and, where that is not the image_id, a second row by it, to find two inputs of one."""
    shared = [entry for entry in entries if entry.shard_key != entry.image_id]
    own = [_keyed(entries, [entry.shard_key for entry in entries], False)]
    return pa.concat_tables(own + ([_keyed(shared, [entry.image_id for entry in shared], True)] if shared else []))


def _keyed(entries: list[Entry], hashes: list[str], ghost: bool) -> pa.Table:
    table = plan_table(entries).append_column(KEY, pa.array([int(digits, 16) for digits in hashes], pa.uint64()))
    table = table.append_column(ID, pa.array([int(entry.image_id, 16) for entry in entries], pa.uint64()))
    return table.append_column(GHOST, pa.array([ghost] * len(entries), pa.bool_()))


def _check_ids(table: pa.Table) -> None:
    """Raises UsageError where two inputs share an image_id."""
    mine = np.flatnonzero(keys(table) == table[ID].to_numpy())
    ids = table[ID].to_numpy()[mine]
    order = np.argsort(ids, kind='stable')
    for first in np.flatnonzero(ids[order][1:] == ids[order][:-1])[:1]:
        one, other = (table.slice(mine[order[index]], 1).select(['uri', 'path']).to_pylist()[0] for index in (first, first + 1))
        if one['uri'] != other['uri']:
            pair = ' and '.join(sorted((repr(one['uri']), repr(other['uri']))))
            raise UsageError(f'uris {pair} have one image_id, {ids[order][first]:016x}: rename one of them')
        pair = ' and '.join(sorted(repr(where['path'].decode('utf-8', 'surrogateescape')) for where in (one, other)))
        raise UsageError(f'two inputs are called {one["uri"]!r}, in {pair}: leave one of them out, or say NAME=INPUT')


def _written(listing: _Listing, shards: int, folder: str, began: int) -> Plan:
    _remove_stale(folder, shards)
    stored = is_stored(folder)
    digests = ahead(lambda one: write_plan(folder, one[0], shards, one[1]), _by_shard(listing.spool, shards), lambda one: stored)
    plan = Plan(folder, shards, listing.inputs, tuple(digests))
    write_json(located(folder, LISTED), {'began_ns': began})
    return plan


def _by_shard(spool: Spool, shards: int) -> Iterator[tuple[int, pa.Table]]:
    """The inputs of one shard after the other, none left out."""
    done = 0
    for unit in spool.units(_bits(shards)):
        rows = unit.filter(pc.invert(unit[GHOST]))
        numbers = keys(rows) >> np.uint64(64 - _bits(shards)) if shards > 1 else np.zeros(rows.num_rows, np.uint64)
        for shard, some in split(rows, numbers):
            yield from ((empty, PLAN.empty_table()) for empty in range(done, shard))
            yield shard, some.select(PLAN.names)
            done = shard + 1
    yield from ((empty, PLAN.empty_table()) for empty in range(done, shards))


def _remove_stale(folder: str, shards: int) -> None:
    """Those of an earlier number of shards go."""
    kept = {located(folder, LISTED), *(located(folder, part_name('plan', shard, shards)) for shard in range(shards))}
    remove(stale for stale in located(folder, 'plan').glob('*') if stale not in kept)
