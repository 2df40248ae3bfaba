"""The tables of examples and rejects, and what a shard counts of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa

from ..configs.schema import SPLITS
from .decide import unmatched
from .judged import Example, JudgedImage, Reject
from .label_file import read_unmatched
from .parts import Tally
from .tables import Row, face_id, face_rows, image_row, png

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

FRAME = 280  # bytes of a record beside its values: keys, lengths and checksums, rounded up


@dataclass(frozen=True)
class BuildRows:
    """A judged photo's rows of `images`, `faces`, `examples` and `rejects`.

    Attributes:
        classes: class names in label order.
        source: name of the collection.
    """

    classes: tuple[str, ...]
    source: str

    def __call__(self, photo: JudgedImage) -> Mapping[str, list[Row]]:
        return {
            'images': [image_row(photo.image)],
            'faces': face_rows(photo.image, crops=False),
            'examples': [example_row(photo, example, self.classes) for example in photo.examples],
            'rejects': [reject_row(reject, self.source) for reject in photo.rejects],
        }


@dataclass(frozen=True)
class UnmatchedRows:
    """A shard's rows of `rejects` before its first photo: the labels that belong to no input."""

    folder: str
    shards: int
    source: str

    def __call__(self, shard: int) -> Mapping[str, list[Row]]:
        return {'rejects': [reject_row(unmatched(label), self.source) for label in read_unmatched(self.folder, shard, self.shards)]}


def example_row(photo: JudgedImage, example: Example, classes: tuple[str, ...]) -> Row:
    """One row of `examples`."""
    return {
        'uri': photo.image.uri,
        'face_id': face_id(photo.image.image_id, example.face),
        'image': png(photo.image.crops[example.face]),
        'label': example.verdict.label,
        'label_name': classes[example.verdict.label],
        'label_distribution': example.verdict.distribution,
        'subject': example.subject or None,
        'split': example.split,
    }


def reject_row(reject: Reject, source: str) -> Row:
    """One row of `rejects`."""
    why = {'reason': str(reject.why.reason), 'detail': reject.why.detail}
    return {'uri': reject.uri, 'face_id': reject.face_id, 'source': source, 'label': reject.label or None} | why


def tally(rows: Mapping[str, list[Row]]) -> Tally:
    """Examples by class of each split, rejects by reason, and the bytes of each split's records."""
    counts = {split: Counter(row['label_name'] for row in rows['examples'] if row['split'] == split) for split in SPLITS}
    sizes: Counter[str] = Counter()
    for row in rows['examples']:
        sizes[row['split']] += record_size(row)
    rejects = Counter(row['reason'] for row in rows['rejects'])
    return Tally({name: dict(found) for name, found in counts.items()} | {'rejects': dict(rejects)}, dict(sizes))


def record_size(row: Row) -> int:
    """Bytes that an example's record takes at most."""
    texts = sum(len((row[name] or '').encode()) for name in ('uri', 'face_id', 'label_name', 'subject'))
    return FRAME + len(row['image']) + texts + 4 * len(row['label_distribution'])
