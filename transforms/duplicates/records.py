"""What the search for duplicates passes on: hashes and decisions, never pixels."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class HashedFace:
    """A face that may become an example.

    Attributes:
        shard, place: where its thumbnail lies: the row of its shard's thumbnails, no other face's.
        pixels: 32 hex digits of SHA-256 of its crop's pixels.
        dhash: 64-bit difference hash of its crop.
        split: train, validation or test.
        label: name of its class.
        subject: who is shown, or nothing.
    """

    face_id: str
    shard: int
    place: int
    pixels: str
    dhash: int
    split: str
    label: str
    subject: str


@dataclass(frozen=True)
class Group:
    """Faces that are the same picture: two or more, by face_id.

    Attributes:
        too_large: how many different faces seemed to be one picture, where they were more than the largest group may have, and these
            are those of identical pixels among them; else 0.
    """

    faces: tuple[HashedFace, ...]
    too_large: int = 0

    @property
    def group_id(self) -> str:
        """The first face's."""
        return self.faces[0].face_id


@dataclass(frozen=True)
class LargeGroup:
    """Faces that seemed to be one picture and were more than the largest group may have: they are taken for no duplicates.

    Attributes:
        group_id: the first face's, whether or not it stands in a group of identical pixels.
        faces: how many, of different pixels.
    """

    group_id: str
    faces: int


@dataclass(frozen=True)
class CrowdedBucket:
    """Faces whose hashes agree in more faces than are all compared: some of their duplicates may not have been found.

    Attributes:
        key: which bits agree, and on what.
        faces: how many, of different pixels.
    """

    key: str
    faces: int


@dataclass(frozen=True)
class Ruling:
    """What becomes of a face of a group.

    Attributes:
        reason: why it becomes no example, a `Reason`; empty where it stays.
        detail: what a person wants to know beyond it.
    """

    face: HashedFace
    group_id: str
    reason: str = ''
    detail: str = ''


@dataclass(frozen=True)
class Crossing:
    """Who is shown, or what is a face and shows faces, in more than one split.

    Attributes:
        key: a subject, SHA-256 of a photo's bytes, or a group_id.
        splits: in the order train, validation, test.
    """

    key: str
    splits: tuple[str, ...]
