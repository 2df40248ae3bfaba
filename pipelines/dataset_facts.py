"""What is said of a finished dataset, beside its tables: by the card, Croissant, TFDS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..configs.schema import BuildConfig
from ..transforms.record_files import RecordFile


@dataclass(frozen=True)
class SourceFacts:
    """One collection.

    Attributes:
        licence: as the config says; null where it says none.
        weight: of each of its examples in training.
        examples, rejects: numbers of rows.
    """

    name: str
    licence: str | None
    weight: float
    examples: int
    rejects: int


@dataclass(frozen=True)
class DatasetFacts:
    """A dataset whose tables and records are written.

    Attributes:
        folder: where it grows.
        shards: parts of each table.
        photos, faces: numbers of rows.
        counts: examples by split and class; all splits and classes, also with 0.
        rejects: rows by reason.
        duplicates: groups of the same picture: `identical` (pixels) and `similar` (all groups), each with groups, too_many (faces beyond
            one a group), crossing (groups in more than one split) and conflicting (groups of more than one label); `too_large` with groups
            and faces (those over the limit, which are taken for no duplicates); `crowded` with buckets and faces (those that were compared
            with some of the others only).
        files: the record files.
    """

    folder: str
    config: BuildConfig
    shards: int
    photos: int
    faces: int
    counts: Mapping[str, Mapping[str, int]]
    rejects: Mapping[str, int]
    sources: tuple[SourceFacts, ...]
    duplicates: Mapping[str, Mapping[str, int]]
    files: tuple[RecordFile, ...]
