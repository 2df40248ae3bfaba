"""Finds, among all faces, the groups of those that are the same picture, and the subjects that stand in several splits.

Rows of 32 bytes and records of hashes are grouped, never pixels; what is gathered in one place is links between duplicates.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import NamedTuple

import apache_beam as beam
from apache_beam.pvalue import AsDict, PCollection

from ...configs.schema import SPLITS
from ..judged import JudgedFace
from ..splits import in_order
from .groups import groups_of, too_large
from .links import Link, components, different, identical
from .records import Crossing, CrowdedBucket, Group, HashedFace, LargeGroup
from .rows import pack, spot, unpack
from .similar import LinkSimilar


class FoundGroups(NamedTuple):
    """What `FindGroups` gives: the groups, and what has to be said aloud beside them."""

    groups: PCollection[Group]
    large: PCollection[LargeGroup]
    crowds: PCollection[CrowdedBucket]


@dataclass(eq=False)
class FindGroups(beam.PTransform):
    """Groups faces of identical pixels, and faces whose hashes differ in `bits` bits and whose thumbnails in `difference` at most.

    Attributes:
        folder: where the shards' thumbnails stand.
        bits: null finds identical pixels only.
        difference: of evened thumbnails in standard deviations, see `compare.difference`.
        largest: see `groups_of`.
    """

    folder: str
    bits: int | None
    difference: float
    largest: int

    def expand(self, faces: PCollection[HashedFace]) -> FoundGroups:
        alike = faces | 'KeyByPixels' >> beam.Map(_by_pixels).with_output_types(tuple[bytes, bytes]) | 'GroupByPixels' >> beam.GroupByKey()
        same = alike | 'LinkIdentical' >> beam.FlatMap(_identical).with_output_types(Link)
        rows = alike | 'Different' >> beam.FlatMap(_different).with_output_types(bytes)
        similar = rows | 'LinkSimilar' >> LinkSimilar(self.folder, self.bits, self.difference)
        links = (same, similar.links) | 'Links' >> beam.Flatten()
        linked = (faces, links) | 'Connect' >> Connect()
        groups = linked | 'Groups' >> beam.FlatMap(groups_of, self.largest).with_output_types(Group)
        large = linked | 'TooLarge' >> beam.FlatMap(too_large, self.largest).with_output_types(LargeGroup)
        return FoundGroups(groups, large, similar.crowds)


@dataclass(eq=False)
class Connect(beam.PTransform):
    """Faces and the links between them to the faces that hang together; links alone are gathered in one place."""

    def expand(self, faces_and_links: tuple[PCollection[HashedFace], PCollection[Link]]) -> PCollection[list[HashedFace]]:
        faces, links = faces_and_links
        gathered = links | 'InOnePlace' >> beam.Map(_in_one_place).with_output_types(tuple[int, Link]) | 'GroupLinks' >> beam.GroupByKey()
        lowest = gathered | 'Components' >> beam.FlatMap(_components).with_output_types(tuple[int, int])
        linked = faces | 'Linked' >> beam.FlatMap(_linked, AsDict(lowest)).with_output_types(tuple[int, HashedFace])
        return linked | 'GroupFaces' >> beam.GroupByKey() | 'Together' >> beam.Map(_together).with_output_types(list[HashedFace])


@dataclass(eq=False)
class FindCrossingSubjects(beam.PTransform):
    """The subjects that stand in more than one split; faces of nobody in particular are left out."""

    def expand(self, faces: PCollection[JudgedFace]) -> PCollection[Crossing]:
        splits = faces | 'Split' >> beam.FlatMap(_split).with_output_types(tuple[str, int])
        united = splits | 'Unite' >> beam.CombinePerKey(_united).with_output_types(tuple[str, int])
        return united | 'Crossing' >> beam.FlatMap(_crossing).with_output_types(Crossing)


@dataclass(eq=False)
class FindCrossingPhotos(beam.PTransform):
    """The photos that are a face in one collection and show faces in another, in more than one split: no crop tells, as they differ.

    The groups of their faces cross as well.
    """

    def expand(self, faces: PCollection[JudgedFace]) -> PCollection[Crossing]:
        places = faces | 'KeyByPhoto' >> beam.Map(_by_photo).with_output_types(tuple[str, tuple[str, bool, str]])
        by_photo = places | 'GroupByPhoto' >> beam.GroupByKey()
        return by_photo | 'CrossingPhoto' >> beam.FlatMap(_crossing_photo).with_output_types(Crossing)


def _by_pixels(face: HashedFace) -> tuple[bytes, bytes]:
    return face.pixels[:2].encode(), pack(face)  # a part of the digest: 256 keys, however many faces


def _identical(alike: tuple[bytes, Iterable[bytes]]) -> list[Link]:
    return identical(unpack(alike[1]))


def _different(alike: tuple[bytes, Iterable[bytes]]) -> Iterator[bytes]:
    return (row.tobytes() for row in different(unpack(alike[1])))


def _in_one_place(link: Link) -> tuple[int, Link]:
    return 0, link


def _components(gathered: tuple[int, Iterable[Link]]) -> Iterable[tuple[int, int]]:
    return components(gathered[1]).items()


def _linked(face: HashedFace, lowest: Mapping[int, int]) -> list[tuple[int, HashedFace]]:
    return [(lowest[spot(face)], face)] if spot(face) in lowest else []


def _together(group: tuple[int, Iterable[HashedFace]]) -> list[HashedFace]:
    return list(group[1])


def _split(face: JudgedFace) -> list[tuple[str, int]]:
    return [(face.subject, 1 << SPLITS.index(face.split))] if face.subject else []


def _united(splits: Iterable[int]) -> int:
    return reduce(or_, splits, 0)


def _crossing(subject: tuple[str, int]) -> list[Crossing]:
    splits = tuple(split for place, split in enumerate(SPLITS) if subject[1] >> place & 1)
    return [Crossing(subject[0], splits)] if len(splits) > 1 else []


def _by_photo(face: JudgedFace) -> tuple[str, tuple[str, bool, str]]:
    return face.photo, (face.split, face.whole, face.group)


def _crossing_photo(places: tuple[str, Iterable[tuple[str, bool, str]]]) -> list[Crossing]:
    splits, wholes, groups = map(set, zip(*places[1], strict=True))
    both = len(splits) > 1 and len(wholes) > 1
    return [Crossing(key, in_order(splits)) for key in (places[0], *sorted(groups - {''}))] if both else []
