"""Carries `extract` in the pipeline: one child process for each worker thread."""

from __future__ import annotations

from dataclasses import dataclass, replace

import apache_beam as beam
from apache_beam.pvalue import PCollection

from .extract import NO_CROPS, Extracted, Extraction, faceless, read_facts
from .isolate import IsolatedExtractor, Limits
from .records import ExtractedImage, Facts, Failure, LoadedImage


def extract_one(loaded: LoadedImage, how: Extraction, extractor: IsolatedExtractor) -> ExtractedImage:
    """A photo with its faces, or with the reason why it has none."""
    known = loaded.known
    if known is not None and known.rows is not None:
        return ExtractedImage(loaded.shard, loaded.entry.uri, known.facts, known.faces, NO_CROPS, known.rows)
    if known is not None and known.crops is not None:
        return ExtractedImage(loaded.shard, loaded.entry.uri, known.facts, known.faces, known.crops)
    found = _found(loaded, how, extractor)
    return ExtractedImage(loaded.shard, loaded.entry.uri, found.facts, found.faces, found.crops)


def _found(loaded: LoadedImage, how: Extraction, extractor: IsolatedExtractor) -> Extracted:
    if loaded.failure is not None:
        return faceless(Facts(loaded.failure.status, loaded.failure.detail, size_bytes=loaded.entry.size))
    found = extractor.extract(loaded.data, None if loaded.known is None else loaded.known.faces)
    if isinstance(found, Failure):
        facts, _ = read_facts(loaded.data, how.max_pixels)
        return faceless(replace(facts, status=found.status, detail=found.detail))
    return found


class _Extract(beam.DoFn):
    def __init__(self, how: Extraction, limits: Limits) -> None:
        self._how, self._limits = how, limits

    def setup(self) -> None:
        self._extractor = IsolatedExtractor(self._how, self._limits)

    def process(self, loaded: LoadedImage) -> list[ExtractedImage]:
        return [extract_one(loaded, self._how, self._extractor)]

    def teardown(self) -> None:
        self._extractor.close()


@dataclass(eq=False)
class ExtractFaces(beam.PTransform):
    """Photos to their faces."""

    how: Extraction
    limits: Limits

    def expand(self, images: PCollection[LoadedImage]) -> PCollection[ExtractedImage]:
        return images | 'Extract' >> beam.ParDo(_Extract(self.how, self.limits)).with_output_types(ExtractedImage)
