"""Turns a face upright: a similarity transform takes its five landmarks to fixed places in a square crop."""

from __future__ import annotations

import math

import cv2
import numpy as np

# Places of the subject's right eye, left eye, nose tip, right and left mouth corner, as shares of the crop's side.
TEMPLATES = {
    # InsightFace's `arcface_dst` of 112 pixels (Deng et al. 2019, "ArcFace").
    'arcface-112': np.array([[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]]) / 112,
    # Medians over FER2013's training faces, made symmetric: what its crops show (benchmarks/template.py).
    'fer2013': np.array([[0.317, 0.3795], [0.683, 0.3795], [0.5, 0.597], [0.3535, 0.749], [0.6465, 0.749]]),
}


def similarity(landmarks: np.ndarray, template: str, scale: float, size: int) -> np.ndarray:
    """The 2x3 float64 matrix that takes a face's landmarks to their places in a `size` x `size` crop.

    Args:
        landmarks: (5, 2) float32, pixels of the upright image.
        template: a name in `TEMPLATES`.
        scale: width of the crop as a share of the template's.
        size: side of the crop in pixels.
    Raises:
        ValueError: the landmarks are not finite or all in one place.

    Source: Umeyama 1991, eqs. 40-42; in the plane the least-squares rotation and scale are one complex number.
    """
    places = ((TEMPLATES[template] - 0.5) / scale + 0.5) * size
    with np.errstate(invalid='ignore'):  # landmarks that are not finite, which are refused below
        source, target = (points.astype(np.float64) @ np.array([1, 1j]) for points in (landmarks, places))
    centred = source - source.mean()
    spread = float(np.sum(np.abs(centred) ** 2))
    if not math.isfinite(spread) or spread == 0:
        raise ValueError(f'landmarks {landmarks.tolist()} span no similarity')
    turn = np.sum(np.conj(centred) * (target - target.mean())) / spread
    move = target.mean() - turn * source.mean()
    return np.array([[turn.real, -turn.imag, move.real], [turn.imag, turn.real, move.imag]])


def align(image: np.ndarray, landmarks: np.ndarray, template: str, scale: float, size: int, channels: int) -> np.ndarray:
    """The upright crop of one face.

    Args:
        image: (h, w, 3) uint8 BGR.
        landmarks: (5, 2) float32, pixels of the image.
    Returns:
        (size, size, channels) uint8, grey or RGB; what lies outside of the image repeats its edge.
    Raises:
        ValueError: see `similarity`.
    """
    part, matrix = _needed(image, similarity(landmarks, template, scale, size), size)
    return _render(colour(part, channels), matrix, size).reshape(size, size, channels)


def crop_scale(landmarks: np.ndarray, template: str, scale: float, size: int) -> float:
    """Pixels of the crop for one of the image: how finely a face must be seen to be cut from it; see `align`."""
    return _size(similarity(landmarks, template, scale, size))


def whole(image: np.ndarray, size: int, channels: int) -> np.ndarray:
    """The image itself as a (size, size, channels) uint8 crop."""
    if image.shape[:2] != (size, size):
        shrinking = max(image.shape[:2]) > size
        image = cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA if shrinking else cv2.INTER_LINEAR)
    return colour(image, channels)


def warp(image: np.ndarray, matrix: np.ndarray, size: int) -> np.ndarray:
    """The `size` x `size` crop that a 2x3 similarity cuts from an image, without aliasing.

    Only the part that the crop needs is touched; where the crop shows it at less than half its size, that part is first
    averaged over blocks of whole pixels.
    """
    return _render(*_needed(image, matrix, size), size)


def _render(part: np.ndarray, matrix: np.ndarray, size: int) -> np.ndarray:
    block = _block(matrix)
    if block > 1:
        part = cv2.resize(part, (max(1, part.shape[1] // block), max(1, part.shape[0] // block)), interpolation=cv2.INTER_AREA)
        matrix = np.column_stack([matrix[:, :2] * block, matrix[:, 2] + matrix[:, :2].sum(axis=1) * (block - 1) / 2])
    return cv2.warpAffine(part, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _block(matrix: np.ndarray) -> int:
    """Side in pixels of the blocks that a similarity lets one average over."""
    return max(1, int(1 / _size(matrix)))


def _size(matrix: np.ndarray) -> float:
    """How many times as large a similarity makes things."""
    return math.hypot(matrix[0, 0], matrix[1, 0])


def colour(crop: np.ndarray, channels: int) -> np.ndarray:
    """A BGR crop as (size, size, 1) grey or (size, size, 3) RGB."""
    if channels == 1:
        return cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY)[..., None]
    return cv2.cvtColor(crop, cv2.COLOR_BGR2RGB)


def _needed(image: np.ndarray, matrix: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """The part of the image that the crop shows, with a margin, in whole blocks where the image allows; and the matrix from there."""
    corners = np.array([[0, 0], [size, 0], [0, size], [size, size]], np.float64) - matrix[:, 2]
    seen, block = corners @ np.linalg.inv(matrix[:, :2]).T, _block(matrix)
    left, right = _span(seen[:, 0], image.shape[1], block)
    top, bottom = _span(seen[:, 1], image.shape[0], block)
    return image[top:bottom, left:right], np.column_stack([matrix[:, :2], matrix[:, 2] + matrix[:, :2] @ (left, top)])


def _span(places: np.ndarray, length: int, block: int) -> tuple[int, int]:
    margin = 2 * block
    first = int(min(max(math.floor(places.min()) - margin, 0), max(length - block, 0)))
    last = int(max(min(math.ceil(places.max()) + margin, length), first + 1))
    return first, min(length, first + max(block, (last - first) // block * block))
