"""Why something did not become an example."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """What stands in the rejects' reason column; the photo's own failures keep the name of their status."""

    NO_FACE = 'no_face'
    MISSING = 'missing'
    UNREADABLE = 'unreadable'
    EMPTY = 'empty'
    NOT_AN_IMAGE = 'not_an_image'
    TRUNCATED = 'truncated'
    CORRUPT = 'corrupt'
    TOO_LARGE = 'too_large'
    TIMEOUT = 'timeout'
    CRASHED = 'crashed'
    # between labels and images
    UNLABELLED = 'unlabelled'
    IMAGE_MISSING = 'image_missing'
    AMBIGUOUS_NAME = 'ambiguous_name'
    CLAIMED_TWICE = 'claimed_twice'
    OTHER_FACE = 'other_face'
    # what the label says
    UNKNOWN_LABEL = 'unknown_label'
    OTHER_CLASS = 'other_class'
    DROPPED = 'dropped'
    BAD_VOTES = 'bad_votes'
    FEW_VOTES = 'few_votes'
    NARROW = 'narrow'
    TIE = 'tie'
    UNKNOWN = 'unknown'
    NOT_A_FACE = 'not_a_face'
    UNKNOWN_SPLIT = 'unknown_split'
    # which face it means
    SEVERAL_FACES = 'several_faces'
    NO_SUCH_FACE = 'no_such_face'
    BAD_BOX = 'bad_box'
    DUPLICATE_LABEL = 'duplicate_label'
    CONFLICTING_LABELS = 'conflicting_labels'
    # quality gates
    SMALL = 'small'
    BLURRED = 'blurred'
    TURNED = 'turned'
    TILTED = 'tilted'
    UNSURE = 'unsure'
    # what else is in the dataset
    SUBJECT_CROSSES = 'subject_crosses_splits'
    GROUP_CROSSES = 'duplicates_cross_splits'
    PHOTO_CROSSES = 'photo_crosses_splits'
    DUPLICATE = 'duplicate'
    CLASS_IS_FULL = 'class_is_full'


MISFITS = frozenset(  # what is wrong with labels, or between them and photos; all else is what was asked for, or the photo's own
    (
        Reason.UNLABELLED,
        Reason.IMAGE_MISSING,
        Reason.AMBIGUOUS_NAME,
        Reason.CLAIMED_TWICE,
        Reason.UNKNOWN_LABEL,
        Reason.BAD_VOTES,
        Reason.UNKNOWN_SPLIT,
        Reason.SEVERAL_FACES,
        Reason.NO_SUCH_FACE,
        Reason.BAD_BOX,
        Reason.DUPLICATE_LABEL,
        Reason.CONFLICTING_LABELS,
        Reason.SUBJECT_CROSSES,
    )
)


@dataclass(frozen=True)
class Drop:
    """A reason, and what a person wants to know beyond it."""

    reason: Reason
    detail: str | None = None
