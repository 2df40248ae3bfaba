"""What differs between the photos of two snapshots, counted pair by pair."""

from __future__ import annotations

from bisect import insort
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, fields

from .pairs import Label, Pair, Photo

Labels = Mapping[str, Label]
NAMED = 10  # examples of a kind of change at most


@dataclass(frozen=True, order=True)
class Named:
    """One example of a change.

    Attributes:
        face_id: of the face, empty where the photo is meant.
        move: `old -> new`, empty where there is nothing to say.
    """

    uri: str
    face_id: str
    move: str


@dataclass(frozen=True)
class Change:
    """One kind of change.

    Attributes:
        moves: how many by `old -> new`.
        named: the first examples by uri.
    """

    count: int
    moves: dict[str, int]
    named: list[Named]


@dataclass(frozen=True)
class Changes:
    """All that differs. Labels are those of faces, or of examples.

    Attributes:
        affected: photos of the old snapshot that are gone, have another status, or of which a label is gone or another.
    """

    photos_added: Change
    photos_removed: Change
    content: Change
    status: Change
    labels_added: Change
    labels_removed: Change
    relabelled: Change
    split: Change
    affected: int


class _Tally:
    """Counts one kind of change; keeps ten examples whatever the order in which they come."""

    def __init__(self) -> None:
        self._moves: Counter[str] = Counter()
        self._named: list[Named] = []

    def add(self, uri: str, face_id: str = '', move: str = '') -> None:
        self._moves[move] += 1
        insort(self._named, Named(uri, face_id, move))
        del self._named[NAMED:]

    def change(self) -> Change:
        by_number = sorted(self._moves.items(), key=lambda item: (-item[1], item[0]))
        return Change(self._moves.total(), {move: number for move, number in by_number if move}, self._named)


class Comparison:
    """Adds up pairs.

    Args:
        whole: labels of photos that are in one snapshot alone, or have other bytes, count as added and removed too: what a dataset holds.
            Else those alone that were found or lost in the same bytes: what another detector makes of an archive.

    Attributes:
        old, new: number of labels by split and class.
    """

    def __init__(self, whole: bool) -> None:
        self.old: Counter[Label] = Counter()
        self.new: Counter[Label] = Counter()
        self._whole = whole
        self._affected = 0
        self._tallies = {kind.name: _Tally() for kind in fields(Changes) if kind.name != 'affected'}

    def add(self, pair: Pair) -> None:
        old, new = pair.old, pair.new
        before, after = (photo.labels if photo else {} for photo in (old, new))
        self.old.update(before.values())
        self.new.update(after.values())
        self._affected += old is not None and _is_affected(old, new)
        if old and new:
            self._compare(old, new)
        elif photo := old or new:
            self._tallies['photos_removed' if old else 'photos_added'].add(photo.uri)
        if photo := (new or old) if self._whole or _is_same(pair) else None:
            self._add_faces('labels_added', photo.uri, after, before)
            self._add_faces('labels_removed', photo.uri, before, after)

    def changes(self) -> Changes:
        """What was counted so far."""
        return Changes(affected=self._affected, **{name: tally.change() for name, tally in self._tallies.items()})

    def _compare(self, old: Photo, new: Photo) -> None:
        if old.sha256 and new.sha256 and old.sha256 != new.sha256:
            self._tallies['content'].add(new.uri)
        if old.status != new.status:
            self._tallies['status'].add(new.uri, move=f'{old.status} -> {new.status}')
        for face_id in [face_id for face_id in old.labels if face_id in new.labels]:
            before, after = old.labels[face_id], new.labels[face_id]
            if before.name != after.name:
                self._tallies['relabelled'].add(new.uri, face_id, f'{before.name} -> {after.name}')
            if before.split != after.split:
                self._tallies['split'].add(new.uri, face_id, f'{before.split} -> {after.split}')

    def _add_faces(self, kind: str, uri: str, there: Labels, elsewhere: Labels) -> None:
        for face_id in there:
            if face_id not in elsewhere:
                self._tallies[kind].add(uri, face_id)


def _is_same(pair: Pair) -> bool:
    """Whether a photo is in both, of the same bytes."""
    return pair.old is not None and pair.new is not None and pair.old.sha256 is not None and pair.old.sha256 == pair.new.sha256


def _is_affected(old: Photo, new: Photo | None) -> bool:
    if new is None or old.status != new.status:
        return True
    return any(face_id not in new.labels or new.labels[face_id].name != label.name for face_id, label in old.labels.items())
