"""Which face of a photo a label means."""

from __future__ import annotations

import math

from .label_file import Label
from .reasons import Drop, Reason
from .records import ExtractedImage
from .tables import face_id

LEAST_OVERLAP = 0.5  # intersection over union


def which_face(label: Label, image: ExtractedImage) -> int | Drop:
    """The index of the face that a label names by id, else by box, else of the only face there is.

    Args:
        image: has at least one face.
    """
    if label.face_id:
        return _by_id(label.face_id, image)
    if any(label.box):
        return _by_box(label.box, image)
    if len(image.faces) > 1:
        return Drop(Reason.SEVERAL_FACES, f'{len(image.faces)} faces, and the label names none')
    return 0


def overlap(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    """Intersection over union of two boxes of x, y, width, height; 0 where either is empty."""
    width = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    height = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    return width * height / (one[2] * one[3] + other[2] * other[3] - width * height)


def _by_id(said: str, image: ExtractedImage) -> int | Drop:
    ids = [face_id(image.image_id, index) for index in range(len(image.faces))]
    return ids.index(said) if said in ids else Drop(Reason.NO_SUCH_FACE, f'{said!r} is none of {len(ids)} faces')


def _by_box(texts: tuple[str, ...], image: ExtractedImage) -> int | Drop:
    box = _numbers(texts)
    if box is None:
        return Drop(Reason.BAD_BOX, f'no x, y, width, height: {", ".join(map(repr, texts))}')
    overlaps = [overlap(box, face.box) for face in image.faces]
    best = max(range(len(overlaps)), key=overlaps.__getitem__)
    if overlaps[best] < LEAST_OVERLAP:
        return Drop(
            Reason.NO_SUCH_FACE, f'of {len(overlaps)} faces the best overlaps the box by {overlaps[best]:.2f}, under {LEAST_OVERLAP}'
        )
    return best


def _numbers(texts: tuple[str, ...]) -> tuple[float, ...] | None:
    try:
        box = tuple(float(text) for text in texts)
    except ValueError:
        return None
    return box if all(map(math.isfinite, box)) and box[2] > 0 and box[3] > 0 else None
