"""Counts groups of duplicates by kind, without gathering them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
from apache_beam.pvalue import PCollection

from .find import FoundGroups
from .groups import statistics

COUNT = tuple[tuple[str, str], int]  # kind and name, number


@dataclass(frozen=True)
class GroupCount:
    """One number of `groups.statistics`."""

    kind: str
    name: str
    number: int


@dataclass(eq=False)
class CountGroups(beam.PTransform):
    """What `groups.statistics` says of all that was found; nothing, where nothing was."""

    def expand(self, found: FoundGroups) -> PCollection[GroupCount]:
        each = (
            found.groups | 'CountGroup' >> beam.FlatMap(lambda group: _flat(statistics([group]))).with_output_types(COUNT),
            found.large | 'CountLarge' >> beam.FlatMap(lambda large: _flat(statistics([], [large]))).with_output_types(COUNT),
            found.crowds | 'CountCrowd' >> beam.FlatMap(lambda crowd: _flat(statistics([], [], [crowd]))).with_output_types(COUNT),
        )
        return (
            each
            | 'Together' >> beam.Flatten()
            | 'AddUp' >> beam.CombinePerKey(sum).with_output_types(COUNT)
            | 'Name' >> beam.MapTuple(lambda key, number: GroupCount(key[0], key[1], number)).with_output_types(GroupCount)
        )


def _flat(counts: dict[str, Any]) -> Iterator[tuple[tuple[str, str], int]]:
    return (((kind, name), number) for kind, named in counts.items() for name, number in named.items())
