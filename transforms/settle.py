"""What looking at all examples together makes of a face."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .balance import place
from .duplicates.records import Ruling
from .judged import Example, JudgedImage
from .reasons import Drop, Reason
from .splits import TRAIN, stays_in


@dataclass(frozen=True)
class Settlement:
    """What has been decided, as far as it concerns one shard.

    Attributes:
        subjects: the splits of those that stand in more than one.
        rulings: by face_id, of faces that have duplicates.
        photos: by SHA-256, and by group_id of their faces, the splits of those that stand in more than one as a face and with faces.
        last: by class that is full, the last place that is in.
    """

    subjects: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    rulings: Mapping[str, Ruling] = field(default_factory=dict)
    photos: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    last: Mapping[str, str] = field(default_factory=dict)


def settle(photo: JudgedImage, known: Settlement) -> JudgedImage:
    """A photo after what is known of all."""
    drops = {example.face: why for example in photo.examples if (why := _drop(photo, example, known)) is not None}
    return photo.dropped(drops) if drops else photo


def _drop(photo: JudgedImage, example: Example, known: Settlement) -> Drop | None:
    splits = known.subjects.get(example.subject, ())
    if splits and example.split != stays_in(splits):
        return Drop(Reason.SUBJECT_CROSSES, f'{example.subject} is in {", ".join(splits)}')
    face_id = photo.face_id(example)
    ruling = known.rulings.get(face_id)
    keys = (photo.image.facts.sha256 or '', '' if ruling is None else ruling.group_id)
    for splits in (known.photos[key] for key in keys if key in known.photos):
        if stays_in((example.split, stays_in(splits))) != example.split:
            return Drop(Reason.PHOTO_CROSSES, f'the same file is in {", ".join(splits)}')
    if ruling is not None and ruling.reason:
        return Drop(Reason(ruling.reason), ruling.detail)
    last = known.last.get(example.label)
    if example.split == TRAIN and last is not None and place(face_id) > last:
        return Drop(Reason.CLASS_IS_FULL, f'{example.label} has enough')
    return None
