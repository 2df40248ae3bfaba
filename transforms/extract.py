"""From bytes to upright crops: header, limits, pixels, faces, crops, measures. Runs in the child process: no Beam here."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

import numpy as np

from ..configs.schema import Crop
from .align import align, crop_scale, whole
from .decode import Undecodable
from .detect import FaceDetector, look_scale, working_size
from .formats import looks_like, read_header
from .formats.header import BrokenHeader, CutHeader, Header, upright_size
from .measure import dhash, quality, roll, yaw
from .photo import Photo
from .records import Face, Facts, Status

NO_CROPS = np.zeros((0, 0, 0, 0), np.uint8)


@dataclass(frozen=True)
class Extraction:
    """How faces are found and cut.

    Attributes:
        smallest_face: as a share of the photo's longer side; it gives the working size.
        min_score: detections below it are no faces.
        max_pixels: an image of more is `too_large`.
        whole_image: the image is the face; nothing is detected; a pipeline says it of each photo.
    """

    crop: Crop
    smallest_face: float
    min_score: float
    max_pixels: int
    whole_image: bool


@dataclass(frozen=True)
class Extracted:
    """What a photo's bytes hold.

    Attributes:
        crops: (n, size, size, channels) uint8, one a face, in the faces' order.
    """

    facts: Facts
    faces: tuple[Face, ...]
    crops: np.ndarray


def extract(data: bytes, how: Extraction, detector: FaceDetector, known: tuple[Face, ...] | None = None) -> Extracted:
    """A photo's facts, faces and crops; whatever is wrong with the photo is its status.

    Args:
        detector: the only state; it must belong to the calling thread. Unused where the image is the face.
        known: the faces, where an earlier run found them: they are cut again and not sought.
    """
    facts, header = read_facts(data, how.max_pixels)
    if header is None or facts.status is not Status.NO_FACE:
        return faceless(facts)
    photo = Photo.of_file(data, header)
    try:
        facts = replace(facts, dhash=dhash(photo.at(photo.shrink_for(_first_look(photo, how)))))
        found = _whole(photo, how.crop) if how.whole_image else _cut(photo, how, _detected(photo, detector) if known is None else known)
    except Undecodable as error:
        return faceless(replace(facts, status=Status.CORRUPT, detail=str(error), dhash=None))
    return _together(facts, found) if found else faceless(facts)


def faceless(facts: Facts) -> Extracted:
    """A photo without faces, for whatever reason."""
    return Extracted(facts, (), NO_CROPS)


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


def _first_look(photo: Photo, how: Extraction) -> float:
    """How finely every photo is seen, as a share of its pixels."""
    return working_size(how.smallest_face) / max(photo.size)


def _whole(photo: Photo, how: Crop) -> list[tuple[Face, np.ndarray]]:
    crop = whole(photo.at(photo.shrink_for(how.size / min(photo.size))), how.size, how.channels)
    box = (0.0, 0.0, float(photo.size[0]), float(photo.size[1]))
    return [(Face(box, None, None, None, None, **vars(quality(crop))), crop)]


def _detected(photo: Photo, detector: FaceDetector) -> tuple[Face, ...]:
    """The faces of a photo with everything but the measures of their crops."""
    found = detector.detect(photo)
    return tuple(
        Face(tuple(box.tolist()), float(score), tuple(points.ravel().tolist()), roll(points), yaw(points), 0.0, 0.0, 0.0)
        for box, points, score in zip(found.boxes, found.landmarks, found.scores, strict=True)
    )


def _cut(photo: Photo, how: Extraction, faces: tuple[Face, ...]) -> list[tuple[Face, np.ndarray]]:
    """The faces with their crops, cut from the coarsest decoding that shows each of them finely enough."""
    if not faces:
        return []
    crop = how.crop
    points = [np.array(face.landmarks, np.float32).reshape(5, 2) for face in faces]
    needed = [crop_scale(some, crop.template, crop.scale, crop.size) for some in points]
    shrink = photo.shrink_for(max(_first_look(photo, how), *needed, *(look_scale(face.box) for face in faces)))
    crops = [align(photo.at(shrink), some / shrink, crop.template, crop.scale, crop.size, crop.channels) for some in points]
    return [(replace(face, **vars(quality(crop))), crop) for face, crop in zip(faces, crops, strict=True)]


def _together(facts: Facts, found: list[tuple[Face, np.ndarray]]) -> Extracted:
    return Extracted(replace(facts, status=Status.OK), tuple(face for face, _ in found), np.stack([crop for _, crop in found]))
