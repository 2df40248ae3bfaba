"""What a photo became: examples, and rejects with their reasons."""

from __future__ import annotations

from dataclasses import dataclass

from .label_file import Label
from .reasons import Drop
from .records import ExtractedImage
from .verdict import Verdict


@dataclass(frozen=True)
class Example:
    """A face that will be learnt from or measured on.

    Attributes:
        face: its index in the photo.
        subject: who is shown, or nothing.
        source: the label that made it.
    """

    face: int
    verdict: Verdict
    subject: str
    split: str
    source: Label

    def agrees(self, other: Example) -> bool:
        return (self.verdict, self.subject, self.split) == (other.verdict, other.subject, other.split)


@dataclass(frozen=True)
class Reject:
    """A label, photo or face that made no example.

    Attributes:
        face_id: the face, where it is known.
        label: the label as it was found; nothing where there is none.
    """

    uri: str
    face_id: str | None
    label: str
    why: Drop


@dataclass(frozen=True)
class JudgedImage:
    """A photo with its examples, in the faces' order, and its rejects."""

    image: ExtractedImage
    examples: tuple[Example, ...]
    rejects: tuple[Reject, ...]

    @property
    def shard(self) -> int:
        return self.image.shard
