"""The photos of two snapshots side by side, a few shards at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from ..configs.errors import JobFailed
from ..transforms.carry import covering
from ..transforms.parts import part_name
from ..transforms.tables import Row
from .finished import Finished


@dataclass(frozen=True)
class Source:
    """Where a kind of snapshot says its labels.

    Attributes:
        split: the column of the split; null where there is none.
    """

    table: str
    label: str
    split: str | None


SOURCES = {'label': Source('labels', 'label', None), 'build': Source('examples', 'label_name', 'split')}


@dataclass(frozen=True)
class Label:
    """The label of a face, or of an example, which has a split too."""

    name: str
    split: str | None


@dataclass(frozen=True)
class Photo:
    """What is compared of a photo.

    Attributes:
        sha256: of its bytes; null where they were not read.
        labels: by face_id: of its faces, or of those that became examples.
    """

    uri: str
    sha256: str | None
    status: str
    labels: Mapping[str, Label]


@dataclass(frozen=True)
class Pair:
    """A photo in either snapshot; null where it isn't in one."""

    old: Photo | None
    new: Photo | None


def pairs(old: Finished, new: Finished) -> Iterator[Pair]:
    """Every photo of two snapshots of one kind, once.

    Holds the photos of one shard of the coarser snapshot. A photo whose container changed may be in another shard than before: it waits
    for its other half, and no other photo does.

    Raises:
        JobFailed: a part cannot be read.
    """
    groups = min(old.shards, new.shards)
    elsewhere = moved(old, new, groups)
    waiting: dict[str, Photo] = {}
    for group in range(groups):
        before, after = _photos(old, group, groups), _photos(new, group, groups)
        for key in before | after:
            pair = Pair(before.get(key), after.get(key))
            if key not in elsewhere:
                yield pair
            elif key in waiting:
                half = waiting.pop(key)
                yield Pair(pair.old or half, pair.new or half)
            else:
                waiting[key] = before[key] if key in before else after[key]


def moved(old: Finished, new: Finished, groups: int) -> frozenset[str]:
    """The image_ids that are in both snapshots, but not in the same group of shards. Keeps some ten bytes a photo."""
    (old_ids, old_places), (new_ids, new_places) = (_places(snapshot, groups) for snapshot in (old, new))
    both, in_old, in_new = np.intersect1d(old_ids, new_ids, return_indices=True)
    return frozenset(f'{one:016x}' for one in both[old_places[in_old] != new_places[in_new]].tolist())


def _places(snapshot: Finished, groups: int) -> tuple[np.ndarray, np.ndarray]:
    """Each photo's image_id as uint64, and its group as int32."""
    found = [
        np.array([int(row['image_id'], 16) for row in _rows(snapshot, 'images', shard, 'image_id')], np.uint64)
        for shard in range(snapshot.shards)
    ]
    places = np.arange(snapshot.shards, dtype=np.int32) // (snapshot.shards // groups)
    return np.concatenate(found), np.repeat(places, [len(ids) for ids in found])


def _photos(snapshot: Finished, group: int, groups: int) -> dict[str, Photo]:
    """A group's photos by image_id."""
    found = {}
    for shard in covering(group, groups, snapshot.shards):
        labels = _labels(snapshot, shard)
        for row in _rows(snapshot, 'images', shard, 'image_id', 'uri', 'sha256', 'status'):
            found[row['image_id']] = Photo(row['uri'], row['sha256'], row['status'], labels.get(row['uri'], {}))
    return found


def _labels(snapshot: Finished, shard: int) -> Mapping[str, dict[str, Label]]:
    """A shard's labels by uri and face_id."""
    source = SOURCES[snapshot.said['kind']]
    columns = (source.label, source.split) if source.split else (source.label,)
    found: defaultdict[str, dict[str, Label]] = defaultdict(dict)
    for row in _rows(snapshot, source.table, shard, 'uri', 'face_id', *columns):
        found[row['uri']][row['face_id']] = Label(row[source.label], row[source.split] if source.split else None)
    return found


def _rows(snapshot: Finished, table: str, shard: int, *columns: str) -> list[Row]:
    try:
        return snapshot.rows(table, shard, *columns)
    except (pa.ArrowInvalid, OSError) as error:
        name = part_name(table, shard, snapshot.shards)
        raise JobFailed(
            f'snapshot {str(snapshot.folder)!r}: {name} cannot be read ({error}); `mien verify` says what else is wrong'
        ) from error
