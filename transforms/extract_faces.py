"""Carries `extract` in the pipeline: one child process for each worker thread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import apache_beam as beam
from apache_beam.pvalue import PCollection
from apache_beam.transforms.window import GlobalWindows

from .extract import NO_CROPS, Extracted, Extraction, faceless, read_facts
from .input_of import input_of
from .isolate import AT_ONCE, Asked, IsolatedExtractor, Limits
from .records import ExtractedImage, Facts, Failure, LoadedImage

BYTES_AT_ONCE = 1 << 21  # from which on no more photos are waited for


@dataclass(frozen=True)
class WholeImages:
    """Which photos are face crops already: by name of an INPUT, see `input_of`."""

    by_input: Mapping[str, bool]

    def has(self, uri: str) -> bool:
        return self.by_input[input_of(uri, self.by_input)]


def without_pixels(loaded: LoadedImage) -> ExtractedImage | None:
    """A photo whose pixels nobody needs: it could not be read, or what an earlier run found is enough."""
    known = loaded.known
    if known is not None and known.rows is not None:
        return ExtractedImage(loaded.shard, loaded.entry.uri, known.facts, known.faces, NO_CROPS, known.rows)
    if known is not None and known.crops is not None:
        return ExtractedImage(loaded.shard, loaded.entry.uri, known.facts, known.faces, known.crops)
    if loaded.failure is not None:
        return _image(loaded, faceless(Facts(loaded.failure.status, loaded.failure.detail, size_bytes=loaded.entry.size)))
    return None


def extract_few(photos: Sequence[LoadedImage], how: Extraction, whole: WholeImages, extractor: IsolatedExtractor) -> list[ExtractedImage]:
    """Photos with their faces, or with the reason why they have none."""
    found = extractor.extract_all([_asked(photo, whole) for photo in photos])
    return [_image(photo, _judged(photo, how, some)) for photo, some in zip(photos, found, strict=True)]


def _asked(photo: LoadedImage, whole: WholeImages) -> Asked:
    return Asked(photo.data, None if photo.known is None else photo.known.faces, whole.has(photo.entry.uri))


def _image(loaded: LoadedImage, found: Extracted) -> ExtractedImage:
    return ExtractedImage(loaded.shard, loaded.entry.uri, found.facts, found.faces, found.crops)


def _judged(loaded: LoadedImage, how: Extraction, found: Extracted | Failure) -> Extracted:
    if isinstance(found, Extracted):
        return found
    facts, _ = read_facts(loaded.data, how.max_pixels)
    return faceless(replace(facts, status=found.status, detail=found.detail))


class _Extract(beam.DoFn):
    """Holds a few photos, since each change to the child and back costs; what is held at the end of a bundle goes with it."""

    def __init__(self, how: Extraction, whole: WholeImages, limits: Limits, at_once: int) -> None:
        self._how, self._whole, self._limits, self._at_once = how, whole, limits, at_once

    def setup(self) -> None:
        self._extractor = IsolatedExtractor(self._how, self._limits)

    def start_bundle(self) -> None:
        self._held: list[LoadedImage] = []

    def process(self, loaded: LoadedImage) -> list[ExtractedImage]:
        done = without_pixels(loaded)
        if done is not None:
            return [done]
        self._held.append(loaded)
        full = len(self._held) == self._at_once or sum(len(photo.data) for photo in self._held) >= BYTES_AT_ONCE
        return self._extracted() if full else []

    def finish_bundle(self) -> list[object]:
        return [GlobalWindows.windowed_value(image) for image in self._extracted()]

    def teardown(self) -> None:
        self._extractor.close()

    def _extracted(self) -> list[ExtractedImage]:
        held, self._held = self._held, []
        return extract_few(held, self._how, self._whole, self._extractor)


@dataclass(eq=False)
class ExtractFaces(beam.PTransform):
    """Photos to their faces."""

    how: Extraction
    whole: WholeImages
    limits: Limits
    at_once: int = AT_ONCE

    def expand(self, images: PCollection[LoadedImage]) -> PCollection[ExtractedImage]:
        extract = _Extract(self.how, self.whole, self.limits, self.at_once)
        return images | 'Extract' >> beam.ParDo(extract).with_output_types(ExtractedImage)
