"""Whether a dataset's splits are apart, nobody, no picture, photo and group of duplicates in two of them, and whether duplicates add up."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np

from ..configs.schema import SPLITS
from ..transforms.parts import SNAPSHOT
from ..transforms.splits import in_order
from .finished import Finding, Finished

WHAT = {'subject': 'subjects', 'group_id': 'groups of duplicates', 'image': 'pictures'}  # by column of `examples`
STANDS = np.dtype([('key', np.uint64), ('split', np.uint8)])


def splits_are_apart(snapshot: Finished) -> Iterator[Finding]:
    """Each subject, group and picture stands in one split. Keeps nine bytes an example."""
    for column, what in WHAT.items():
        stands = np.unique(np.concatenate([_stands(snapshot, shard, column) for shard in range(snapshot.shards)]))
        keys, splits = np.unique(stands['key'], return_counts=True)
        if (splits > 1).any():
            uris = _uris(snapshot, column, keys[splits > 1][0])
            yield Finding('examples', f'{(splits > 1).sum()} {what} stand in more than one split, as in {", ".join(uris)}')


def photos_are_apart(snapshot: Finished) -> Iterator[Finding]:
    """No photo that is a face in one split shows faces in another. Keeps ten bytes an example."""
    stands = np.unique(np.concatenate([_photos(snapshot, shard) for shard in range(snapshot.shards)]))
    crossing = set.intersection(*(_several(stands[['key', name]]) for name in ('split', 'whole')))
    if crossing:
        photos = snapshot.all_rows('images', 'uri', 'sha256')
        uris = sorted(repr(row['uri']) for row in photos if row['sha256'] and _key(row['sha256']) == min(crossing))
        yield Finding('examples', f'{len(crossing)} photos are a face in one split and show faces in another, as {", ".join(uris)}')


def duplicates_add_up(snapshot: Finished) -> Iterator[Finding]:
    """There are as many groups of duplicates, and faces too many in them, as snapshot.json counts. Keeps sixteen bytes a duplicate."""
    rows = list(snapshot.all_rows('duplicates', 'group_id', 'pixels'))
    for kind, column in (('similar', 'group_id'), ('identical', 'pixels')):
        numbers = np.unique(np.array([_key(row[column]) for row in rows], np.uint64), return_counts=True)[1]
        groups = numbers[numbers > 1]
        found = {'groups': len(groups), 'too_many': int(groups.sum()) - len(groups)}
        said = snapshot.said.get('duplicates', {}).get(kind, {})
        for name, number in found.items():
            if said.get(name) != number:
                yield Finding(SNAPSHOT, f'duplicates: says {said.get(name)} {name} of {kind} faces, the rows say {number}')


def _stands(snapshot: Finished, shard: int, column: str) -> np.ndarray:
    """Which keys of a shard stand in which split."""
    rows = snapshot.rows('examples', shard, column, 'split')
    known = [row for row in rows if row[column] is not None and row['split'] in SPLITS]  # of others `tallies_add_up` tells
    return np.array([(_key(row[column]), SPLITS.index(row['split'])) for row in known], STANDS)


def _photos(snapshot: Finished, shard: int) -> np.ndarray:
    """Which photos of a shard stand in which split, as a face or with faces."""
    content = {row['uri']: row['sha256'] for row in snapshot.rows('images', shard, 'uri', 'sha256')}
    whole = {row['face_id']: row['detection_score'] is None for row in snapshot.rows('faces', shard, 'face_id', 'detection_score')}
    rows = snapshot.rows('examples', shard, 'uri', 'face_id', 'split')
    found = [
        (_key(content[row['uri']]), SPLITS.index(row['split']), whole[row['face_id']])
        for row in rows
        if content.get(row['uri']) and row['face_id'] in whole and row['split'] in SPLITS  # of others, other checks tell
    ]
    return np.array(found, [*STANDS.descr, ('whole', np.bool_)])


def _several(places: np.ndarray) -> set[int]:
    """The keys that stand in more than one place."""
    keys, numbers = np.unique(np.unique(places)['key'], return_counts=True)
    return set(keys[numbers > 1].tolist())


def _uris(snapshot: Finished, column: str, key: np.uint64) -> list[str]:
    """One photo of each split in which a key stands."""
    found: dict[str, str] = {}
    for row in snapshot.all_rows('examples', 'uri', column, 'split'):
        if row[column] is not None and _key(row[column]) == key:
            found.setdefault(row['split'], f'{row["uri"]!r} ({row["split"]})')
    return [found[split] for split in in_order(found)]


def _key(value: str | bytes) -> int:
    data = value.encode() if isinstance(value, str) else value
    return int.from_bytes(hashlib.sha256(data).digest()[:8], 'big')
