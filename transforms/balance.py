"""Balances classes: of each, the same number of training examples, chosen by a stable hash and never by chance."""

from __future__ import annotations

from dataclasses import dataclass

import apache_beam as beam
from apache_beam.pvalue import PCollection

from .judged import JudgedFace
from .salted import salted
from .splits import TRAIN

SALT = 'mien balance 1'


def place(face_id: str) -> str:
    """A face's place among those of its class: 16 hex digits of a salted SHA-256."""
    return salted(SALT, face_id).hex()[:16]


@dataclass(frozen=True)
class LastPlace:
    """The last place that is in, of a class that has more examples than it may."""

    label: str
    place: str


@dataclass(eq=False)
class FindLastPlaces(beam.PTransform):
    """Training examples to the last place of each class that has more than `per_class`."""

    per_class: int

    def expand(self, faces: PCollection[JudgedFace]) -> PCollection[LastPlace]:
        return (
            faces
            | 'Train' >> beam.Filter(lambda face: face.split == TRAIN)
            | 'Place' >> beam.Map(lambda face: (face.label, place(face.face_id))).with_output_types(tuple[str, str])
            | 'First' >> beam.combiners.Top.SmallestPerKey(self.per_class + 1)
            | 'Last' >> beam.FlatMap(self._last).with_output_types(LastPlace)
        )

    def _last(self, found: tuple[str, list[str]]) -> list[LastPlace]:
        label, places = found
        return [LastPlace(label, sorted(places)[self.per_class - 1])] if len(places) > self.per_class else []
