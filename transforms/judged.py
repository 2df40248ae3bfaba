"""What a photo became: examples, and rejects with their reasons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from .label_file import Label
from .reasons import Drop
from .records import ExtractedImage
from .tables import face_id
from .verdict import Verdict


@dataclass(frozen=True)
class Example:
    """A face that will be learnt from or measured on.

    Attributes:
        face: its index in the photo.
        label: name of its class.
        subject: who is shown, or nothing.
        said: the label that made it.
    """

    face: int
    label: str
    verdict: Verdict
    subject: str
    split: str
    said: Label

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
    """A photo with its examples, in the faces' order, and its rejects.

    Attributes:
        source: name of its collection.
    """

    source: str
    image: ExtractedImage
    examples: tuple[Example, ...]
    rejects: tuple[Reject, ...]

    def face_id(self, example: Example) -> str:
        return face_id(self.image.image_id, example.face)

    def dropped(self, drops: Mapping[int, Drop]) -> JudgedImage:
        """The photo without the examples of some faces, which become rejects for a reason each."""
        stay = tuple(example for example in self.examples if example.face not in drops)
        gone = (example for example in self.examples if example.face in drops)
        more = (Reject(self.image.uri, self.face_id(example), example.said.label, drops[example.face]) for example in gone)
        return replace(self, examples=stay, rejects=(*self.rejects, *more))


@dataclass(frozen=True)
class JudgedFace:
    """A face that may become an example.

    Attributes:
        label: name of its class.
        split: train, validation or test.
        subject: who is shown, or nothing.
        photo: SHA-256 of the photo's bytes.
        whole: the photo is the face; no detector found it there.
        group: group_id of those that are the same picture, where that is known; empty where it is the only one.
    """

    face_id: str
    label: str
    split: str
    subject: str
    photo: str
    whole: bool
    group: str = ''
