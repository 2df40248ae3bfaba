"""Joins each photo with its labels and decides what becomes of its faces."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import apache_beam as beam
from apache_beam.pvalue import PCollection

from .decide import Policy, decide
from .judged import JudgedImage
from .label_file import Label, read_labels
from .records import ExtractedImage


@dataclass(frozen=True)
class SaidImage:
    """A photo with all that its labels say."""

    image: ExtractedImage
    labels: tuple[Label, ...]


class _Join(beam.DoFn):
    """Holds the labels of the shard at hand; a shard's photos come one after the other."""

    def __init__(self, folder: str, shards: int) -> None:
        self._folder, self._shards = folder, shards
        self._shard: int | None = None
        self._labels: dict[str, tuple[Label, ...]] = {}

    def process(self, image: ExtractedImage) -> list[SaidImage]:
        if image.shard != self._shard:
            self._labels = read_labels(self._folder, image.shard, self._shards)
            self._shard = image.shard
        return [SaidImage(image, self._labels.get(image.uri, ()))]


@dataclass(eq=False)
class JoinLabels(beam.PTransform):
    """Gives every photo its labels, none where nothing is said of it."""

    folder: str
    shards: int

    def expand(self, images: PCollection[ExtractedImage]) -> PCollection[SaidImage]:
        return images | 'Join' >> beam.ParDo(_Join(self.folder, self.shards)).with_output_types(SaidImage)


@dataclass(eq=False)
class DecideExamples(beam.PTransform):
    """Decides which faces become examples."""

    policy: Policy

    def expand(self, images: PCollection[SaidImage]) -> PCollection[JudgedImage]:
        return images | 'Decide' >> beam.Map(partial(_decide, policy=self.policy)).with_output_types(JudgedImage)


def _decide(said: SaidImage, policy: Policy) -> JudgedImage:
    return decide(said.image, said.labels, policy)
