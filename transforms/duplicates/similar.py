"""Links faces of different pixels that are similar: by hashes under keys that near ones share, confirmed on thumbnails."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import apache_beam as beam
from apache_beam.pvalue import PCollection

from .compare import difference, evened
from .links import Link
from .near import crowded, key_number, pairs, partitions
from .records import CrowdedBucket
from .rows import PLACES, dhash_of, unpack
from .thumbnails import read_thumbnail


class FoundLinks(NamedTuple):
    """What `LinkSimilar` gives."""

    links: PCollection[Link]
    crowds: PCollection[CrowdedBucket]


@dataclass(eq=False)
class LinkSimilar(beam.PTransform):
    """Packed rows of faces of different pixels to the links between those that are similar; see `FindGroups`."""

    folder: str
    bits: int | None
    difference: float

    def expand(self, rows: PCollection[bytes]) -> FoundLinks:
        if self.bits is None:
            return FoundLinks(
                *(rows | f'No{kind.__name__}' >> beam.FlatMap(_nothing).with_output_types(kind) for kind in (Link, CrowdedBucket))
            )
        keyed = rows | 'Key' >> beam.FlatMap(_by_bands, self.bits).with_output_types(tuple[bytes, bytes])
        buckets = keyed | 'GroupByBands' >> beam.GroupByKey()
        pairs = buckets | 'Pair' >> beam.FlatMap(_pairs, self.bits).with_output_types(Link)
        links = pairs | 'Confirm' >> beam.Filter(partial(confirmed, folder=self.folder, most=self.difference)).with_output_types(Link)
        crowds = buckets | 'Crowded' >> beam.FlatMap(_crowded, self.bits).with_output_types(CrowdedBucket)
        return FoundLinks(links, crowds)


def confirmed(link: Link, folder: str, most: float) -> bool:
    """Whether the thumbnails of two faces differ by `most` at most."""
    one, other = (evened(read_thumbnail(folder, *divmod(spot, PLACES))) for spot in (link.first, link.second))
    return bool(difference(one, other) <= most)


def _by_bands(row: bytes, bits: int) -> Iterator[tuple[bytes, bytes]]:
    return ((partition, row) for partition in partitions(dhash_of(row), bits))


def _pairs(bucket: tuple[bytes, Iterable[bytes]], bits: int) -> Iterator[Link]:
    for some in pairs(unpack(bucket[1]), key_number(bucket[0]), bits):
        yield from (Link(first, second) for first, second in some.tolist())


def _crowded(bucket: tuple[bytes, Iterable[bytes]], bits: int) -> list[CrowdedBucket]:
    return crowded(unpack(bucket[1]), key_number(bucket[0]), bits)


def _nothing(row: bytes) -> tuple[()]:
    return ()
