"""Judges the faces of a shard by their labels and by what is known of all others: the same at every step that needs it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ..storage.path import AnyPath
from .decide import Policy, decide
from .extract import NO_CROPS
from .input_of import input_of
from .judged import JudgedImage
from .label_file import read_labels
from .parts import read_part
from .records import ExtractedImage
from .settle import settle
from .settled_files import Step, settlement
from .tables import FACES, to_face, to_facts

BUT_CROPS = [name for name in FACES.names if name != 'crop']


@dataclass(frozen=True)
class Judge:
    """What decides about the faces of a build.

    Attributes:
        folder: where images, faces and labels lie.
        shards: number of their parts.
        policies: by name of an INPUT, see `input_of`.
        settled: what has been decided beyond single photos; its files are in place.
    """

    folder: str
    shards: int
    policies: Mapping[str, Policy]
    settled: frozenset[Step] = field(default_factory=frozenset)

    def shard(self, shard: int) -> list[JudgedImage]:
        """The photos of a shard by uri."""
        labels = read_labels(self.folder, shard, self.shards)
        known = settlement(self.folder, shard, self.shards, self.settled)
        return [
            settle(decide(image, labels.get(image.uri, ()), self.policy(image.uri)), known)
            for image in read_photos(self.folder, shard, self.shards)
        ]

    def policy(self, uri: str) -> Policy:
        """What decides about a photo."""
        return self.policies[input_of(uri, self.policies)]


def read_photos(folder: str | AnyPath, shard: int, shards: int) -> Iterator[ExtractedImage]:
    """The photos of a finished shard with their faces, without crops."""
    faces = defaultdict(list)
    for row in read_part(folder, 'faces', shard, shards, BUT_CROPS).to_pylist():
        faces[row['uri']].append(to_face(row))
    for row in read_part(folder, 'images', shard, shards).to_pylist():
        yield ExtractedImage(shard, row['uri'], to_facts(row), tuple(faces[row['uri']]), NO_CROPS)


def read_crops(folder: str | AnyPath, shard: int, shards: int) -> dict[str, bytes]:
    """The PNGs of a finished shard's faces by face_id."""
    return {row['face_id']: row['crop'] for row in read_part(folder, 'faces', shard, shards, ['face_id', 'crop']).to_pylist()}
