"""What must be true of every snapshot's rows: a list of checks of one shard, and one of checks of the whole.

Only parts that are as they were written are read; a check that needs another one is left out: that part is a finding already.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from ..configs.schema import SPLITS
from ..storage.path import AnyPath
from ..transforms.parts import SNAPSHOT, parquet
from ..transforms.records import image_id
from ..transforms.tables import face_id
from .finished import Finding, Finished, Shard
from .leaks import duplicates_add_up, photos_are_apart, splits_are_apart
from .snapshot import identity


def plan_is_images(shard: Shard) -> Iterator[Finding]:
    """Each input of the plan has one row, and no photo has another."""
    planned, written = (Counter(row['uri'] for row in shard[table]) for table in ('plan', 'images'))
    yield from shard.about('images', planned - written, 'planned, and has no row')
    yield from shard.about('images', written - planned, 'has a row more than planned')


def ids_are_of_uris(shard: Shard) -> Iterator[Finding]:
    """The ids of photos and faces are what their uris and numbers make them."""
    wrong = [row['uri'] for row in shard['images'] if row['image_id'] != image_id(row['uri'])]
    yield from shard.about('images', wrong, 'its image_id is that of another uri')
    wrong = [row['uri'] for row in shard['faces'] if row['image_id'] != image_id(row['uri']) or not _names_itself(row)]
    yield from shard.about('faces', wrong, 'an id of its faces is that of another one')


def faces_are_counted(shard: Shard) -> Iterator[Finding]:
    """A photo has as many faces as it says, numbered from 0; a face has a photo."""
    counts = {row['uri']: row['face_count'] for row in shard['images']}
    found: dict[str, list[int]] = {uri: [] for uri in counts}
    for row in shard['faces']:
        found.setdefault(row['uri'], []).append(row['face_index'])
    yield from shard.about('faces', found.keys() - counts.keys(), 'no photo of this shard')
    other = [uri for uri, count in counts.items() if len(found[uri]) != count]
    yield from shard.about('faces', other, 'faces are not as many as face_count')
    yield from shard.about('faces', [uri for uri, some in found.items() if some != [*range(len(some))]], 'faces are not numbered 0, 1, ...')


def labels_are_of_faces(shard: Shard) -> Iterator[Finding]:
    """Every face has one label, every label a face."""
    faces, labels = (Counter((row['uri'], row['face_id'], row['face_index']) for row in shard[table]) for table in ('faces', 'labels'))
    yield from shard.about('labels', [uri for uri, *_ in faces - labels], 'a face has no label')
    yield from shard.about('labels', [uri for uri, *_ in labels - faces], 'a label has no face, or the label of another')


def examples_are_of_faces(shard: Shard) -> Iterator[Finding]:
    """An example, and a reject or duplicate that names a face, names one that is there."""
    faces = {row['face_id'] for row in shard['faces']}
    for table in ('examples', 'rejects', 'duplicates'):
        wrong = [row['uri'] for row in shard[table] if row['face_id'] is not None and row['face_id'] not in faces]
        yield from shard.about(table, wrong, 'a face is named that is not there')


def rows_add_up(snapshot: Finished) -> Iterator[Finding]:
    """Each table has the rows that snapshot.json counts, and there are as many faces and labels as the photos say."""
    found = {table: sum(snapshot.length(table, shard) for shard in range(snapshot.shards)) for table in snapshot.tables}
    yield from _differences('counts', snapshot.said['counts'], found)
    faces = sum(row['face_count'] for row in snapshot.all_rows('images', 'face_count'))
    for table in sorted({'faces', 'labels'} & found.keys()):
        if found[table] != faces:
            yield Finding(table, f'holds {found[table]} rows, and face_count adds up to {faces}')


def statuses_add_up(snapshot: Finished) -> Iterator[Finding]:
    """Each status has the photos that snapshot.json counts."""
    found = Counter(row['status'] for row in snapshot.all_rows('images', 'status'))
    yield from _differences('statuses', snapshot.said['statuses'], found)


def tallies_add_up(snapshot: Finished) -> Iterator[Finding]:
    """Examples by split and class, and rejects by reason, are those that snapshot.json counts."""
    found: dict[str, Counter[str]] = {subject: Counter() for subject in (*SPLITS, 'rejects')}
    for row in snapshot.all_rows('examples', 'split', 'label_name'):
        found.setdefault(row['split'], Counter())[row['label_name']] += 1
    found['rejects'].update(row['reason'] for row in snapshot.all_rows('rejects', 'reason'))
    for subject, counts in found.items():
        yield from _differences(f'tallies of {subject}', snapshot.said['tallies'].get(subject, {}), counts)


def photos_stand_once(snapshot: Finished) -> Iterator[Finding]:
    """No photo has two rows, in whatever shards. Keeps eight bytes a photo."""
    ids = [np.fromiter((int(image_id(row['uri']), 16) for row in part), np.uint64) for part in snapshot.parts_of('images', 'uri')]
    found, numbers = np.unique(np.concatenate(ids), return_counts=True)
    for one, number in zip(found[numbers > 1].tolist(), numbers[numbers > 1].tolist(), strict=True):
        yield Finding('images', f'{number} rows have image_id {one:016x}')


def parts_are_of_the_recipe(snapshot: Finished) -> Iterator[Finding]:
    """Each part says that it was made by what snapshot.json says."""
    said = json.dumps(identity(snapshot.said), sort_keys=True)
    digest = hashlib.sha256(said.encode()).hexdigest()[:12]  # `Recipe.digest`, of the version that made it
    for name in sorted(snapshot.whole):
        made = _metadata(snapshot.folder / name).get(b'mien.recipe', b'nothing').decode()
        if not name.startswith('plan/') and made != digest:
            yield Finding(name, f'was made by recipe {made}, {SNAPSHOT} says {digest}')


# What a check reads, and the check.
SHARD_CHECKS: list[tuple[set[str], Callable[[Shard], Iterator[Finding]]]] = [
    ({'plan', 'images'}, plan_is_images),
    ({'images', 'faces'}, ids_are_of_uris),
    ({'images', 'faces'}, faces_are_counted),
    ({'faces', 'labels'}, labels_are_of_faces),
    ({'faces', 'examples', 'rejects', 'duplicates'}, examples_are_of_faces),
]
CHECKS: list[tuple[set[str], Callable[[Finished], Iterator[Finding]]]] = [
    ({'images'}, statuses_add_up),
    ({'images'}, photos_stand_once),
    ({'examples', 'rejects'}, tallies_add_up),
    ({'examples'}, splits_are_apart),
    ({'images', 'faces', 'examples'}, photos_are_apart),
    ({'duplicates'}, duplicates_add_up),
]
WHOLE_CHECKS: list[Callable[[Finished], Iterator[Finding]]] = [rows_add_up, parts_are_of_the_recipe]


def check_rows(snapshot: Finished) -> Iterator[Finding]:
    """All that is wrong with the rows of what can be read, a shard at a time."""
    for number in range(snapshot.shards):
        shard = snapshot.shard(number)
        for tables, check_shard in SHARD_CHECKS:
            if tables <= shard.tables.keys():
                yield from check_shard(shard)
    for tables, check in CHECKS:
        if snapshot.has(*tables):
            yield from check(snapshot)
    for check in WHOLE_CHECKS if snapshot.has(*snapshot.tables) else []:
        yield from check(snapshot)


def _metadata(path: AnyPath) -> Mapping[bytes, bytes]:
    """What a part says of itself."""
    with parquet(path) as file:
        return file.schema_arrow.metadata or {}


def _names_itself(row: Mapping[str, Any]) -> bool:
    return bool(row['face_id'] == face_id(row['image_id'], row['face_index']))


def _differences(subject: str, said: Mapping[str, int], found: Mapping[str, int]) -> Iterator[Finding]:
    for name in sorted(said.keys() | found.keys()):
        if said.get(name, 0) != found.get(name, 0):
            yield Finding(SNAPSHOT, f'{subject}: says {said.get(name, 0)} {name}, the rows say {found.get(name, 0)}')
