"""The tables of examples, rejects and duplicates, and what a shard counts of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import pyarrow as pa

from ..configs.schema import SPLITS
from .decide import unmatched
from .duplicates.records import Ruling
from .judge import Judge, read_crops
from .judged import Example, JudgedImage, Reject
from .label_file import read_unmatched
from .parts import Tally
from .settled_files import read_rulings
from .tables import Row, face_id

EXAMPLES = pa.schema(
    [
        pa.field('uri', pa.string(), nullable=False),
        pa.field('face_id', pa.string(), nullable=False),
        pa.field('image', pa.binary(), nullable=False),
        pa.field('label', pa.int64(), nullable=False),
        pa.field('label_name', pa.string(), nullable=False),
        pa.field('label_distribution', pa.list_(pa.float32()), nullable=False),
        ('subject', pa.string()),
        pa.field('split', pa.string(), nullable=False),
        pa.field('source', pa.string(), nullable=False),
        pa.field('weight', pa.float32(), nullable=False),
        ('group_id', pa.string()),  # the first face_id of those that are the same picture
    ]
)

REJECTS = pa.schema(
    [
        pa.field('uri', pa.string(), nullable=False),
        ('face_id', pa.string()),
        pa.field('source', pa.string(), nullable=False),
        ('label', pa.string()),
        pa.field('reason', pa.string(), nullable=False),
        ('detail', pa.string()),
    ]
)

DUPLICATES = pa.schema(
    [
        pa.field('uri', pa.string(), nullable=False),
        pa.field('face_id', pa.string(), nullable=False),
        pa.field('group_id', pa.string(), nullable=False),
        pa.field('pixels', pa.string(), nullable=False),  # equal ones, equal crops
        pa.field('dhash', pa.string(), nullable=False),
        pa.field('split', pa.string(), nullable=False),
        pa.field('label_name', pa.string(), nullable=False),
        ('reason', pa.string()),  # why it left the dataset for its duplicates; null: it did not
        ('detail', pa.string()),
    ]
)

TEXTS = ('uri', 'face_id', 'label_name', 'subject', 'source')
FRAME = 340  # bytes of a record beside its values: keys, lengths and checksums, rounded up


def example_rows(judge: Judge, shard: int) -> dict[str, list[Row]]:
    """A shard's rows of `examples`, `rejects` and `duplicates`."""
    folder, shards = judge.folder, judge.shards
    photos, crops = judge.shard(shard), read_crops(folder, shard, shards)
    rulings = {ruling.face.face_id: ruling for ruling in read_rulings(folder, shard, shards)}
    groups = {one: ruling.group_id for one, ruling in rulings.items()}
    uris = {face_id(photo.image.image_id, index): photo.image.uri for photo in photos for index in range(len(photo.image.faces))}
    return {
        'examples': [
            example_row(photo, example, crops[photo.face_id(example)], judge.policy(photo.image.uri).weight, groups)
            for photo in photos
            for example in photo.examples
        ],
        'rejects': [reject_row(unmatched(label), label.source) for label in read_unmatched(folder, shard, shards)]
        + [reject_row(reject, photo.source) for photo in photos for reject in photo.rejects],
        'duplicates': [duplicate_row(ruling, uris[one]) for one, ruling in rulings.items()],
    }


def example_row(photo: JudgedImage, example: Example, crop: bytes, weight: float, groups: Mapping[str, str]) -> Row:
    """One row of `examples`.

    Args:
        crop: its PNG.
        groups: group_id by face_id, of faces that have duplicates.
    """
    one = photo.face_id(example)
    return {
        'uri': photo.image.uri,
        'face_id': one,
        'image': crop,
        'label': example.verdict.label,
        'label_name': example.label,
        'label_distribution': example.verdict.distribution,
        'subject': example.subject or None,
        'split': example.split,
        'source': photo.source,
        'weight': weight,
        'group_id': groups.get(one),
    }


def duplicate_row(ruling: Ruling, uri: str) -> Row:
    """One row of `duplicates`."""
    face = ruling.face
    own = {'uri': uri, 'face_id': face.face_id, 'group_id': ruling.group_id, 'pixels': face.pixels, 'dhash': f'{face.dhash:016x}'}
    return own | {'split': face.split, 'label_name': face.label, 'reason': ruling.reason or None, 'detail': ruling.detail or None}


def reject_row(reject: Reject, source: str) -> Row:
    """One row of `rejects`."""
    why = {'reason': str(reject.why.reason), 'detail': reject.why.detail}
    return {'uri': reject.uri, 'face_id': reject.face_id, 'source': source, 'label': reject.label or None} | why


def tally(rows: Mapping[str, list[Row]]) -> Tally:
    """Examples by class of each split, rejects by reason, both by source, and the bytes of each split's records."""
    examples, rejects = rows['examples'], rows['rejects']
    counts = {split: Counter(row['label_name'] for row in examples if row['split'] == split) for split in SPLITS}
    counts |= {'rejects': Counter(row['reason'] for row in rejects)}
    counts |= {'examples_of': Counter(row['source'] for row in examples), 'rejects_of': Counter(row['source'] for row in rejects)}
    sizes: Counter[str] = Counter()
    for row in examples:
        sizes[row['split']] += record_size(row)
    return Tally({name: dict(found) for name, found in counts.items()}, dict(sizes))


def record_size(row: Row) -> int:
    """Bytes that an example's record takes at most."""
    texts = sum(len((row[name] or '').encode()) for name in TEXTS)
    return FRAME + len(row['image']) + texts + 4 * len(row['label_distribution'])
