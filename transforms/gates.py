"""Quality gates: which faces are too small, blurred, turned, tilted or doubtful to learn from."""

from __future__ import annotations

from dataclasses import dataclass

from .reasons import Drop, Reason
from .records import Face


@dataclass(frozen=True)
class Gates:
    """What a face must measure, in the units of `faces`; a gate that is null is open.

    Attributes:
        min_size: shorter side of the box in pixels.
        min_sharpness: variance of the crop's Laplacian.
        max_yaw: to either side, from 0 to 1.
        max_roll: degrees to either side.
        min_score: detection score.
    """

    min_size: float | None = None
    min_sharpness: float | None = None
    max_yaw: float | None = None
    max_roll: float | None = None
    min_score: float | None = None


def gate(face: Face, gates: Gates) -> Drop | None:
    """The first gate that a face does not pass; what was not measured, as pose and score of whole images, passes."""
    return (
        _least(Reason.SMALL, 'shorter side of the box', min(face.box[2:]), gates.min_size)
        or _least(Reason.BLURRED, 'sharpness', face.sharpness, gates.min_sharpness)
        or _most(Reason.TURNED, 'yaw', face.yaw, gates.max_yaw)
        or _most(Reason.TILTED, 'roll', face.roll, gates.max_roll)
        or _least(Reason.UNSURE, 'detection score', face.detection_score, gates.min_score)
    )


def _least(reason: Reason, name: str, measured: float | None, limit: float | None) -> Drop | None:
    if measured is None or limit is None or measured >= limit:
        return None
    return Drop(reason, f'{name} {measured:g}, at least {limit:g}')


def _most(reason: Reason, name: str, measured: float | None, limit: float | None) -> Drop | None:
    if measured is None or limit is None or abs(measured) <= limit:
        return None
    return Drop(reason, f'{name} {measured:g}, at most {limit:g} to either side')
