"""What a face's pose and a crop's pixels say about how far its label can be trusted."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

SIDE = 64  # pixels: the crop's size for all measures of its pixels
HASHED_FROM = 32  # pixels: the shorter side from which on the hash is taken


@dataclass(frozen=True)
class Quality:
    """Measures of one crop as 0-255 grey at 64 pixels.

    Attributes:
        sharpness: variance of the Laplacian.
        brightness: mean over 255.
        contrast: standard deviation over 255.
    """

    sharpness: float
    brightness: float
    contrast: float


def quality(crop: np.ndarray) -> Quality:
    """The measures of a (size, size, 1 or 3) uint8 crop, grey or RGB.

    Source of the sharpness: Pech-Pacheco et al. 2000, "Diatom autofocusing in brightfield microscopy".
    """
    grey = grey_of(crop)
    if grey.shape != (SIDE, SIDE):
        grey = cv2.resize(grey, (SIDE, SIDE), interpolation=cv2.INTER_AREA if grey.shape[0] > SIDE else cv2.INTER_LINEAR)
    laplacian = cv2.Laplacian(grey, cv2.CV_16S)
    mean, deviation = cv2.meanStdDev(grey)
    return Quality(float(laplacian.var()), float(mean[0, 0]) / 255, float(deviation[0, 0]) / 255)


def grey_of(crop: np.ndarray) -> np.ndarray:
    """A (size, size, 1 or 3) uint8 crop, grey or RGB, as (size, size) uint8 grey."""
    return crop[..., 0] if crop.shape[2] == 1 else cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)


def roll(landmarks: np.ndarray) -> float:
    """Degrees by which a face leans, positive clockwise as seen, from its (5, 2) landmarks."""
    across = landmarks[1] - landmarks[0]
    return float(np.degrees(np.arctan2(across[1], across[0])))


def yaw(landmarks: np.ndarray) -> float:
    """The nose's place between the eyes, along their line: -1 at the image's left eye, 1 at its right one, clipped."""
    across = (landmarks[1] - landmarks[0]).astype(np.float64)
    distance = float(across @ across)
    if distance == 0:
        return 0.0
    nose = landmarks[2] - (landmarks[0] + landmarks[1]) / 2
    return float(np.clip(2 * (nose @ across) / distance, -1, 1))


def dhash(image: np.ndarray) -> str:
    """16 hex digits: the difference hash of a (h, w, 3) uint8 BGR image."""
    return difference_hash(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)).hex()


def difference_hash(grey: np.ndarray) -> bytes:
    """8 bytes: the difference hash of a (h, w) uint8 image.

    Each bit says whether a pixel of the image at 9 x 8 is brighter than its right neighbour, row by row. On the way there
    the image is halved while it is large, an odd row or column left out: ten times faster than one resize.

    Source: N. Krawetz 2013, "Kind of Like That".
    """
    while min(grey.shape) >= 2 * HASHED_FROM:
        height, width = grey.shape[0] // 2, grey.shape[1] // 2
        grey = cv2.resize(grey[: 2 * height, : 2 * width], (width, height), interpolation=cv2.INTER_AREA)
    small = cv2.resize(grey, (9, 8), interpolation=cv2.INTER_AREA)
    return np.packbits(small[:, :-1] > small[:, 1:]).tobytes()
