"""Groups of faces that are the same picture: their size, their counts, and what becomes of their faces."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from ..reasons import Reason
from ..splits import TRAIN, stays_in
from .records import CrowdedBucket, Group, HashedFace, LargeGroup, Ruling


def groups_of(faces: Iterable[HashedFace], largest: int) -> list[Group]:
    """The groups that linked faces make: one, or where more than `largest` are different, one for each pixels that several have."""
    alike = by_pixels(faces)
    if len(alike) <= largest:
        return [Group(_by_id(face for some in alike for face in some))]
    return [Group(_by_id(some), too_large=len(alike)) for some in alike if len(some) > 1]


def too_large(faces: Iterable[HashedFace], largest: int) -> list[LargeGroup]:
    """What has to be said of linked faces of which more than `largest` are different; nothing of others."""
    faces = list(faces)
    different = len({face.pixels for face in faces})
    return [LargeGroup(min(face.face_id for face in faces), different)] if different > largest else []


def by_pixels(faces: Iterable[HashedFace]) -> list[list[HashedFace]]:
    """Faces by identical pixels."""
    alike = defaultdict(list)
    for face in faces:
        alike[face.pixels].append(face)
    return list(alike.values())


def rule(group: Group, keep_all: bool) -> list[Ruling]:
    """What becomes of each face of a group, by face_id.

    In several splits: those of test stay, else those of validation, and all others leave. In train alone: the first stays, or all do with
    `keep_all`. In one evaluation split: all stay.
    """
    splits = {face.split for face in group.faces}
    home = stays_in(splits)
    kept = next(face for face in group.faces if face.split == home)
    if len(splits) > 1:
        return [_ruling(group, face, kept, face.split == home, Reason.GROUP_CROSSES) for face in group.faces]
    return [_ruling(group, face, kept, keep_all or home != TRAIN or face is kept, Reason.DUPLICATE) for face in group.faces]


def statistics(
    groups: Iterable[Group], large: Iterable[LargeGroup] = (), crowds: Iterable[CrowdedBucket] = ()
) -> dict[str, Mapping[str, int]]:
    """Counts of groups: `identical`, `similar` and `too_large` as in `DatasetFacts.duplicates`, and `crowded`.

    `crowded` has buckets and faces: those that were compared with some of the others only; a face may stand in several buckets.
    """
    similar = [group.faces for group in groups]
    identical = [some for faces in similar for some in by_pixels(faces) if len(some) > 1]
    over, crowded = [group.faces for group in large], [bucket.faces for bucket in crowds]
    return {
        'identical': _counts(identical),
        'similar': _counts(similar),
        'too_large': {'groups': len(over), 'faces': sum(over)},
        'crowded': {'buckets': len(crowded), 'faces': sum(crowded)},
    }


def _counts(groups: Sequence[Sequence[HashedFace]]) -> dict[str, int]:
    return {
        'groups': len(groups),
        'too_many': sum(len(faces) - 1 for faces in groups),
        'crossing': sum(len({face.split for face in faces}) > 1 for faces in groups),
        'conflicting': sum(len({face.label for face in faces}) > 1 for faces in groups),
    }


def _ruling(group: Group, face: HashedFace, kept: HashedFace, stays: bool, reason: Reason) -> Ruling:
    if stays:
        return Ruling(face, group.group_id)
    where = f' in {kept.split}' if reason is Reason.GROUP_CROSSES else ''
    label = f', labelled {kept.label}' if kept.label != face.label else ''
    return Ruling(face, group.group_id, reason, f'{kept.face_id} stays{where}{label}')


def _by_id(faces: Iterable[HashedFace]) -> tuple[HashedFace, ...]:
    return tuple(sorted(faces, key=lambda face: face.face_id))
