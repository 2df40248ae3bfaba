"""How many labels stay when crops are changed in ways that leave the expression as it is: pure functions on pixels."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np

FACES = 2048  # of a split, the first ones: standard error of a share of 95%: half a point
JPEG_QUALITY = 50
SHIFT = 2  # pixels
TURN = 10.0  # degrees
BRIGHTER, DARKER = 1.2, 0.8


@dataclass(frozen=True)
class Changed:
    """What one change of the crops does to the labels.

    Attributes:
        change: a name in `CHANGES`.
        examples: number of faces that were changed.
        stay: share of them that keep the label that they get unchanged.
        accuracy: on the changed crops.
        accuracy_change: the same less the accuracy on these faces unchanged.
    """

    change: str
    examples: int
    stay: float
    accuracy: float
    accuracy_change: float


def robustness(
    predict: Callable[[np.ndarray], np.ndarray], batches: Iterable[np.ndarray], own: np.ndarray, labels: np.ndarray
) -> tuple[Changed, ...]:
    """Figures of every change.

    Args:
        predict: uint8 (n, size, size, channels) to float (n, k), from several threads at once, one a core.
        batches: of crops, each uint8 (n, size, size, channels); one is held at a time.
        own: integers (all,), at least one, the classes that it gives them unchanged.
        labels: integers (all,).
    """

    def answers(crops: np.ndarray, change: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        return predict(change(crops)).argmax(axis=1)

    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        found = [list(pool.map(partial(answers, crops), CHANGES.values())) for crops in batches]
    columns = zip(CHANGES, zip(*found, strict=True), strict=True)
    return tuple(_changed(name, own, np.concatenate(column), labels) for name, column in columns)


def mirrored(pixels: np.ndarray) -> np.ndarray:
    """Left and right exchanged; (..., height, width, channels)."""
    return np.ascontiguousarray(np.flip(pixels, axis=-2))


def brightened(pixels: np.ndarray, factor: float) -> np.ndarray:
    """Uint8 values times a factor, rounded, at most 255."""
    return np.clip(np.rint(np.arange(256, dtype=np.float32) * np.float32(factor)), 0, 255).astype(np.uint8)[pixels]


def halved(crops: np.ndarray) -> np.ndarray:
    """Crops made half as large by averaging, and as large as they were again by interpolation."""
    size = crops.shape[1]

    def half(crop: np.ndarray) -> np.ndarray:
        small = cv2.resize(crop, ((size + 1) // 2,) * 2, interpolation=cv2.INTER_AREA)
        return cv2.resize(small, (size, size), interpolation=cv2.INTER_LINEAR)

    return _each(half, crops)


def as_jpeg(crops: np.ndarray) -> np.ndarray:
    """Crops, grey or RGB, through a JPEG of quality 50."""

    def through(crop: np.ndarray) -> np.ndarray:
        file = cv2.imencode('.jpg', np.ascontiguousarray(crop[..., ::-1]), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1]
        return np.array(cv2.imdecode(file, cv2.IMREAD_UNCHANGED)).reshape(crop.shape)[..., ::-1]  # OpenCV has BGR

    return _each(through, crops)


def shifted(crops: np.ndarray) -> np.ndarray:
    """Crops moved to the right by two pixels, their left edge repeated."""
    return np.pad(crops[:, :, :-SHIFT], ((0, 0), (0, 0), (SHIFT, 0), (0, 0)), mode='edge')


def rotated(crops: np.ndarray) -> np.ndarray:
    """Crops turned clockwise by ten degrees about their middle, their edges repeated."""
    size = crops.shape[1]
    matrix = cv2.getRotationMatrix2D(((size - 1) / 2, (size - 1) / 2), -TURN, 1.0)
    return _each(lambda crop: cv2.warpAffine(crop, matrix, (size, size), borderMode=cv2.BORDER_REPLICATE), crops)


CHANGES: dict[str, Callable[[np.ndarray], np.ndarray]] = {  # uint8 (n, size, size, channels) to the same
    'mirrored': mirrored,
    'scaled to half and back': halved,
    f'brightened by {BRIGHTER - 1:.0%}': lambda crops: brightened(crops, BRIGHTER),
    f'darkened by {1 - DARKER:.0%}': lambda crops: brightened(crops, DARKER),
    f'JPEG quality {JPEG_QUALITY}': as_jpeg,
    f'shifted by {SHIFT} pixels': shifted,
    f'rotated by {TURN:g} degrees': rotated,
}


def _each(change: Callable[[np.ndarray], np.ndarray], crops: np.ndarray) -> np.ndarray:
    """A change of single crops, some of which come back without a last axis of 1."""
    return np.array([change(crop).reshape(crop.shape) for crop in crops], np.uint8).reshape(crops.shape)


def _changed(name: str, own: np.ndarray, changed: np.ndarray, labels: np.ndarray) -> Changed:
    accuracy, before = float(np.mean(changed == labels)), float(np.mean(own == labels))
    return Changed(name, len(labels), float(np.mean(changed == own)), accuracy, accuracy - before)
