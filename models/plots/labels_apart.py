"""Where to write the names of points so that they hide neither each other nor the points."""

from __future__ import annotations

import numpy as np

RADII = (7.0, 16.0, 28.0, 42.0, 58.0, 76.0)  # pixels from a point to the near side of its name
ANGLES = np.radians([0, 180, 90, 270, 45, 315, 135, 225, 20, 340, 160, 200])
FAR, OUTSIDE = 0.4, 10.0  # what a pixel of distance, and a pixel that is outside of the picture, cost against one that is hidden
MARKER = 5.0  # half the side of a point


def placed(points: np.ndarray, sizes: np.ndarray, width: float, height: float, obstacles: np.ndarray) -> np.ndarray:
    """Centres of the names, float64 (n, 2): each in turn takes the place that hides least, and of those the nearest.

    Args:
        points: float (n, 2), x and y in pixels of a picture of this width and height.
        sizes: float (n, 2), width and height of each name in pixels.
        obstacles: float (m, 4), other boxes to be kept clear of: left, bottom, right, top.
    """
    taken = [*obstacles, *(_box(point, np.full(2, 2 * MARKER)) for point in points)]
    centres = []
    for point, size in zip(points.astype(np.float64), sizes.astype(np.float64), strict=True):
        tried = [(point + _offset(radius, angle, size), radius) for radius in RADII for angle in ANGLES]
        costs = [_hidden(_box(at, size), taken, width, height) + FAR * radius for at, radius in tried]
        centres.append(tried[int(np.argmin(costs))][0])
        taken.append(_box(centres[-1], size))
    return np.array(centres).reshape(-1, 2)


def overlap(one: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Areas that a box (left, bottom, right, top) shares with others, float64 (n,)."""
    sides = np.minimum(one[2:], others[:, 2:]) - np.maximum(one[:2], others[:, :2])
    shared: np.ndarray = np.maximum(sides, 0).prod(axis=1)
    return shared


def _offset(radius: float, angle: float, size: np.ndarray) -> np.ndarray:
    direction = np.array([np.cos(angle), np.sin(angle)])
    return direction * (radius + size / 2)


def _box(centre: np.ndarray, size: np.ndarray) -> np.ndarray:
    return np.concatenate([centre - size / 2, centre + size / 2])


def _hidden(box: np.ndarray, taken: list[np.ndarray], width: float, height: float) -> float:
    outside = np.maximum(-box[:2], 0).sum() + np.maximum(box[2:] - (width, height), 0).sum()
    return float(overlap(box, np.array(taken)).sum() + OUTSIDE * outside)
