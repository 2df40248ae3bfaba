"""What travels down the line: one record per photo, from the plan's entry to its labelled faces."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

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
DOUBTFUL = (Status.TIMEOUT, Status.CRASHED)  # decided by limits of time and memory, not by the photo alone
Rows = Mapping[str, list[dict[str, Any]]]  # rows by table


@dataclass(frozen=True)
class Failure:
    """Why there are no pixels: a status and what a person wants to know beyond it."""

    status: Status
    detail: str


class Kind(StrEnum):
    """What an input's bytes lie in: a file of their own, or a container."""

    FILE = 'file'
    TAR = 'tar'
    TAR_STREAM = 'tar_stream'  # a compressed tar: read from the front
    ZIP = 'zip'
    PARQUET = 'parquet'


@dataclass(frozen=True)
class Address:
    """Where a member lies in its container; what a kind has no use for is 0 or empty.

    Attributes:
        container: uri of the container.
        container_size: bytes of the container when it was listed.
        offset: tar: where the member's data begin; zip: where its local header does.
        number: compressed tar: number of the member, from 0; Parquet: row in its row group.
        group: Parquet: the row group.
        packed, method, crc: zip: compressed size, method and CRC-32.
        column: Parquet: the column of bytes.
    """

    kind: Kind
    container: str
    container_size: int
    offset: int = 0
    number: int = 0
    group: int = 0
    packed: int = 0
    method: int = 0
    crc: int = 0
    column: str = ''


@dataclass(frozen=True)
class Entry:
    """One input, as listed.

    Attributes:
        uri: its name in every table.
        path: the file that its bytes are in.
        size: its own bytes, null where the listing could not tell.
        mtime_ns: time of the file's last change in nanoseconds since 1970, null likewise.
        etag: what a store calls this version of it; null for local files.
        address: where it lies in the file, if that is a container.
        failure: what the listing knows to be wrong with it.
    """

    uri: str
    path: str
    size: int | None
    mtime_ns: int | None
    etag: str | None = None
    address: Address | None = None
    failure: Failure | None = None

    @property
    def kind(self) -> Kind:
        return Kind.FILE if self.address is None else self.address.kind

    @cached_property
    def image_id(self) -> str:
        return image_id(self.uri)

    @property
    def shard_key(self) -> str:
        """What decides its shard: its image_id; members that can only be read together share one."""
        if self.address is None or self.address.kind in (Kind.TAR, Kind.ZIP):
            return self.image_id
        part = f'#{self.address.group}' if self.address.kind is Kind.PARQUET else ''
        return image_id(f'{self.address.container}{part}')


@dataclass(frozen=True)
class LoadedImage:
    """The bytes of one input, or why there are none.

    Attributes:
        known: what an earlier run found in these bytes; they are left out where nobody needs them any more.
        settled: whether size and time of the file, looked at after it was read, are those of the plan.
    """

    shard: int
    entry: Entry
    data: bytes
    failure: Failure | None = None
    settled: bool = True
    known: Known | None = None


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
class Known:
    """What an earlier run found in a photo.

    Attributes:
        crops: one a face, as in `ExtractedImage`, where it kept them and they suit.
        rows: its rows by table, where they stay as they are.
    """

    facts: Facts
    faces: tuple[Face, ...]
    crops: np.ndarray | None = None
    rows: Rows | None = None


@dataclass(frozen=True)
class ExtractedImage:
    """A photo with its faces.

    Attributes:
        crops: (n, size, size, channels) uint8, one a face, in the faces' order.
        rows: the rows that an earlier run made of it, where they stay as they are; there are no crops then.
    """

    shard: int
    uri: str
    facts: Facts
    faces: tuple[Face, ...]
    crops: np.ndarray
    rows: Rows | None = None

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
