"""What travels down the line: one record per photo, from the plan's entry to its labelled faces."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum

import numpy as np


class Status(StrEnum):
    """What became of a photo; all but OK and NO_FACE are failures."""

    OK = 'ok'
    NO_FACE = 'no_face'
    MISSING = 'missing'
    UNREADABLE = 'unreadable'
    EMPTY = 'empty'
    NOT_AN_IMAGE = 'not_an_image'
    TRUNCATED = 'truncated'
    CORRUPT = 'corrupt'
    TOO_LARGE = 'too_large'
    TIMEOUT = 'timeout'
    CRASHED = 'crashed'


READ = (Status.OK, Status.NO_FACE)


@dataclass(frozen=True)
class Entry:
    """One input, as listed.

    Attributes:
        uri: its name in every table.
        path: where its bytes are.
        size: bytes, null where the listing could not tell.
        mtime_ns: time of its last change in nanoseconds since 1970, null likewise.
    """

    uri: str
    path: str
    size: int | None
    mtime_ns: int | None

    @property
    def image_id(self) -> str:
        return image_id(self.uri)


@dataclass(frozen=True)
class Failure:
    """Why there are no pixels: a status and what a person wants to know beyond it."""

    status: Status
    detail: str


@dataclass(frozen=True)
class LoadedImage:
    """The bytes of one input, or why there are none."""

    shard: int
    entry: Entry
    data: bytes
    failure: Failure | None = None


@dataclass(frozen=True)
class Facts:
    """What is known of a photo: the columns of `images` after uri and image_id; unknown ones are null."""

    status: Status
    detail: str | None = None
    sha256: str | None = None
    size_bytes: int | None = None
    format: str | None = None
    width: int | None = None
    height: int | None = None
    orientation: int | None = None
    dhash: str | None = None


@dataclass(frozen=True)
class Face:
    """One face of a photo: the columns of `faces` after its keys. Without detection, pose and score are null.

    Attributes:
        box: x, y, width, height in pixels of the upright image, not clipped.
        landmarks: ten coordinates, x then y, in the detector's order.
    """

    box: tuple[float, ...]
    detection_score: float | None
    landmarks: tuple[float, ...] | None
    roll: float | None
    yaw: float | None
    sharpness: float
    brightness: float
    contrast: float


@dataclass(frozen=True)
class ExtractedImage:
    """A photo with its faces.

    Attributes:
        crops: (n, size, size, channels) uint8, one a face, in the faces' order.
    """

    shard: int
    uri: str
    facts: Facts
    faces: tuple[Face, ...]
    crops: np.ndarray

    @property
    def image_id(self) -> str:
        return image_id(self.uri)


@dataclass(frozen=True)
class LabelledImage:
    """A photo with the class probabilities of its faces: (n, classes) float32."""

    image: ExtractedImage
    probabilities: np.ndarray

    @property
    def shard(self) -> int:
        return self.image.shard

    @property
    def uri(self) -> str:
        return self.image.uri


def image_id(uri: str) -> str:
    """16 hex digits of SHA-256 of the uri."""
    return hashlib.sha256(uri.encode()).hexdigest()[:16]
