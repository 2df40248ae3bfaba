"""From bytes to upright crops: header, limits, pixels, faces, crops, measures."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

import apache_beam as beam
import numpy as np
from apache_beam.pvalue import PCollection

from ..configs.schema import Crop
from .align import align, whole
from .decode import Undecodable, decode, silence
from .detect import Detections, FaceDetector
from .formats import looks_like, read_header
from .formats.header import BrokenHeader, CutHeader, Header, upright_size
from .measure import dhash, quality, roll, yaw
from .records import ExtractedImage, Face, Facts, LoadedImage, Status


@dataclass(frozen=True)
class Extraction:
    """How faces are found and cut.

    Attributes:
        weights: path of the detector's weights.
        whole_image: the image is the face; nothing is detected.
    """

    crop: Crop
    weights: str
    smallest_face: float
    min_score: float
    max_pixels: int
    whole_image: bool

    def detector(self) -> FaceDetector | None:
        """A detector of one's own, one a thread; none where the image is the face."""
        return None if self.whole_image else FaceDetector(self.weights, self.smallest_face, self.min_score)


def extract(loaded: LoadedImage, how: Extraction, detector: FaceDetector | None) -> ExtractedImage:
    """A photo's facts, faces and crops; whatever is wrong with the photo is its status.

    Only `detector` has state; it must belong to the calling thread.
    """
    if loaded.failure is not None:
        return _faceless(loaded, Facts(loaded.failure.status, loaded.failure.detail, size_bytes=loaded.entry.size))
    facts, header = read_facts(loaded.data, how.max_pixels)
    if header is None or facts.status is not Status.NO_FACE:
        return _faceless(loaded, facts)
    try:
        image = decode(loaded.data, header)
    except Undecodable as error:
        return _faceless(loaded, replace(facts, status=Status.CORRUPT, detail=str(error)))
    return _with_faces(loaded, replace(facts, dhash=dhash(image)), image, how, detector)


def read_facts(data: bytes, max_pixels: int) -> tuple[Facts, Header | None]:
    """What bytes say before their pixels are decoded; the status is `no_face` where nothing speaks against decoding."""
    facts = Facts(Status.NO_FACE, sha256=hashlib.sha256(data).hexdigest(), size_bytes=len(data))
    if not data:
        return replace(facts, status=Status.EMPTY), None
    try:
        header = read_header(data)
    except BrokenHeader as error:
        cut = isinstance(error, CutHeader)
        return replace(facts, status=Status.TRUNCATED if cut else Status.CORRUPT, detail=str(error)), None
    if header is None:
        return replace(facts, status=Status.NOT_AN_IMAGE, detail=looks_like(data)), None
    return _judged(facts, header, max_pixels), header


def _judged(facts: Facts, header: Header, max_pixels: int) -> Facts:
    width, height = upright_size(header)
    facts = replace(facts, format=header.format, width=width, height=height, orientation=header.orientation)
    if width * height > max_pixels:
        return replace(facts, status=Status.TOO_LARGE, detail=f'{width * height} pixels, limit {max_pixels}')
    return facts if header.complete else replace(facts, status=Status.TRUNCATED, detail='the file ends before its pixels do')


def _with_faces(loaded: LoadedImage, facts: Facts, image: np.ndarray, how: Extraction, detector: FaceDetector | None) -> ExtractedImage:
    found = _found(image, how, detector)
    faces = tuple(face for face, _ in found)
    crops = np.stack([crop for _, crop in found]) if found else _no_crops(how.crop)
    facts = replace(facts, status=Status.OK if found else Status.NO_FACE)
    return ExtractedImage(loaded.shard, loaded.entry.uri, facts, faces, crops)


def _found(image: np.ndarray, how: Extraction, detector: FaceDetector | None) -> list[tuple[Face, np.ndarray]]:
    if detector is None:
        crop = whole(image, how.crop.size, how.crop.channels)
        box = (0.0, 0.0, float(image.shape[1]), float(image.shape[0]))
        return [(Face(box, None, None, None, None, **vars(quality(crop))), crop)]
    detections = detector.detect(image)
    return [_one(image, detections, index, how.crop) for index in range(len(detections.scores))]


def _one(image: np.ndarray, detections: Detections, index: int, how: Crop) -> tuple[Face, np.ndarray]:
    landmarks = detections.landmarks[index]
    crop = align(image, landmarks, how.template, how.scale, how.size, how.channels)
    box, score = tuple(detections.boxes[index].tolist()), float(detections.scores[index])
    return Face(box, score, tuple(landmarks.ravel().tolist()), roll(landmarks), yaw(landmarks), **vars(quality(crop))), crop


def _faceless(loaded: LoadedImage, facts: Facts) -> ExtractedImage:
    return ExtractedImage(loaded.shard, loaded.entry.uri, facts, (), np.zeros((0, 0, 0, 0), np.uint8))


def _no_crops(how: Crop) -> np.ndarray:
    return np.zeros((0, how.size, how.size, how.channels), np.uint8)


class _Extract(beam.DoFn):
    def __init__(self, how: Extraction) -> None:
        self._how = how

    def setup(self) -> None:
        silence()
        self._detector = self._how.detector()

    def process(self, loaded: LoadedImage) -> list[ExtractedImage]:
        return [extract(loaded, self._how, self._detector)]


@dataclass(eq=False)
class ExtractFaces(beam.PTransform):
    """Photos to their faces; one detector a worker thread."""

    how: Extraction

    def expand(self, images: PCollection[LoadedImage]) -> PCollection[ExtractedImage]:
        return images | 'Extract' >> beam.ParDo(_Extract(self.how)).with_output_types(ExtractedImage)
