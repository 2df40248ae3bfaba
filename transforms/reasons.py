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
    # what the label says
    UNKNOWN_LABEL = 'unknown_label'
    BAD_VOTES = 'bad_votes'
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


@dataclass(frozen=True)
class Drop:
    """A reason, and what a person wants to know beyond it."""

    reason: Reason
    detail: str | None = None
