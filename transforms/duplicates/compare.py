"""How different two thumbnails are, whatever their brightness and contrast."""

from __future__ import annotations

import numpy as np

from .hashes import SIDE

UNIT = 1 << 16  # of an evened thumbnail: one standard deviation


def evened(thumbnails: np.ndarray) -> np.ndarray:
    """(..., SIDE, SIDE) uint8 thumbnails as int64 of mean 0 and standard deviation UNIT, 0 everywhere where they are even.

    Copies of one photo often differ in brightness and contrast. Integers, so that no order of adding decides what is a duplicate.
    """
    values = thumbnails.astype(np.int64)
    spread = values * SIDE**2 - values.sum((-2, -1), keepdims=True)
    norm = np.sqrt((spread**2).sum((-2, -1), keepdims=True).astype(np.float64))  # SIDE standard deviations of the spread
    return np.rint(spread * (SIDE * UNIT) / np.maximum(norm, 1)).astype(np.int64)


def difference(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Mean absolute difference of evened thumbnails, int64 (..., SIDE, SIDE), in standard deviations: float64 (...), 0 to 2."""
    total: np.ndarray = np.abs(one - other).sum((-2, -1))
    return total / (UNIT * SIDE**2)
