"""A face in 32 bytes: all that the search for duplicates compares, and where the rest is to be found."""

from __future__ import annotations

import struct
from collections.abc import Iterable

import numpy as np

from .records import HashedFace

ROW = np.dtype([('high', '<u8'), ('low', '<u8'), ('dhash', '<u8'), ('spot', '<u8')])  # high and low: the digest of its pixels
PACKED = struct.Struct('<4Q')
PLACES = 1 << 32


def spot(face: HashedFace) -> int:
    """A face's shard and place as one number below 2^63."""
    return face.shard * PLACES + face.place


def pack(face: HashedFace) -> bytes:
    """A face's row as bytes."""
    return PACKED.pack(int(face.pixels[:16], 16), int(face.pixels[16:], 16), face.dhash, spot(face))


def dhash_of(packed: bytes) -> int:
    """The hash in one packed row."""
    return int(PACKED.unpack(packed)[2])


def unpack(packed: Iterable[bytes]) -> np.ndarray:
    """(n,) ROW of faces, by spot."""
    rows = np.frombuffer(b''.join(packed), ROW)
    return rows[np.argsort(rows['spot'], kind='stable')]
