"""What of a crop is compared in its stead: a digest, a 64-bit hash, a small thumbnail."""

from __future__ import annotations

import hashlib

import cv2
import numpy as np

from ..measure import difference_hash, grey_of

SIDE = 16  # pixels: a thumbnail's


def pixels_digest(crop: np.ndarray) -> str:
    """32 hex digits of SHA-256 over the shape and the pixels of a uint8 (size, size, 1 or 3) crop."""
    shape = 'x'.join(map(str, crop.shape))
    return hashlib.sha256(f'{shape}\0'.encode() + np.ascontiguousarray(crop).tobytes()).hexdigest()[:32]


def crop_dhash(crop: np.ndarray) -> int:
    """The 64-bit difference hash of a uint8 (size, size, 1 or 3) crop as grey, its first bit the highest."""
    return int.from_bytes(difference_hash(grey_of(crop)), 'big')


def thumbnail(crop: np.ndarray) -> np.ndarray:
    """A uint8 (size, size, 1 or 3) crop as (SIDE, SIDE) uint8 grey, each pixel the mean of its area."""
    return cv2.resize(grey_of(crop), (SIDE, SIDE), interpolation=cv2.INTER_AREA)
