"""Decides per photo which of its faces become examples, and why the others do not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from .gates import Gates, gate
from .judged import Example, JudgedImage, Reject
from .label_file import Label
from .reasons import Drop, Reason
from .records import ExtractedImage, Status
from .splits import SplitRules, split_of
from .tables import face_id
from .verdict import LabelRules, Verdict, judge
from .which_face import which_face

STATEMENTS = frozenset((Reason.OTHER_CLASS, Reason.NOT_A_FACE))  # reasons by which a label contradicts another one of its face


@dataclass(frozen=True)
class Policy:
    """All that decides beside the photo and its labels, for one source.

    Attributes:
        weight: of each of its examples in training.
    """

    source: str
    labels: LabelRules
    splits: SplitRules
    gates: Gates
    weight: float = 1.0


def decide(image: ExtractedImage, labels: Sequence[Label], policy: Policy) -> JudgedImage:
    """Each label becomes one example or one reject, and so does each photo without a label; so does, without a label, each
    face of a photo whose labels mean others."""
    why = _wrong_with_all(image, labels)
    if why is not None:
        said = [label.label for label in labels] or ['']
        return JudgedImage(policy.source, image, (), tuple(Reject(image.uri, None, one, why) for one in said))
    judged = [(label, _example(image, label, policy)) for label in labels]
    refused = [(label, one) for label, one in judged if isinstance(one, Reject)]
    others = [(one.face_id, label.row) for label, one in refused if one.why.reason in STATEMENTS]
    examples, rejects = _one_a_face(image, [one for _, one in judged if isinstance(one, Example)], others)
    rejects += [one for _, one in refused]
    return JudgedImage(
        policy.source, image, tuple(sorted(examples, key=lambda example: example.face)), (*rejects, *_unlabelled(image, examples, rejects))
    )


def unmatched(label: Label) -> Reject:
    """The reject of a label that belongs to no input."""
    assert label.unmatched is not None
    face = f', face {label.face_id}' if label.face_id else ''  # which nobody has seen
    return Reject(label.uri, None, label.label, Drop(label.unmatched, f'row {label.row} of {label.file}{face}'))


def _wrong_with_all(image: ExtractedImage, labels: Sequence[Label]) -> Drop | None:
    """What is wrong with a photo or with what is said of it, whatever its labels are."""
    if image.facts.status is not Status.OK:
        return Drop(Reason(image.facts.status), image.facts.detail)
    files = sorted({label.file for label in labels})
    return Drop(Reason.CLAIMED_TWICE, f'labelled in {" and in ".join(files)}') if len(files) > 1 else None


def _example(image: ExtractedImage, label: Label, policy: Policy) -> Example | Reject:
    face, verdict = which_face(label, image), judge(label, policy.labels)
    split = split_of(label.split, label.subject, image.facts.sha256 or '', policy.splits)
    poor = gate(image.faces[face], policy.gates) if isinstance(face, int) else None
    if isinstance(verdict, Verdict) and isinstance(face, int) and isinstance(split, str) and poor is None:
        return Example(face, policy.labels.classes[verdict.label], verdict, label.subject, split, label)
    why = next(one for one in (verdict, face, split, poor) if isinstance(one, Drop))
    return Reject(image.uri, _id(image, face) if isinstance(face, int) else None, label.label, why)


def _one_a_face(
    image: ExtractedImage, examples: list[Example], others: Sequence[tuple[str | None, int]]
) -> tuple[list[Example], list[Reject]]:
    """Of several labels of one face the first stays where all agree, and none where they do not.

    Args:
        others: face_id and row of labels that say something else of a face than what this dataset has.
    """
    by_face = defaultdict(list)
    for example in examples:
        by_face[example.face].append(example)
    kept, rejects = [], []
    for first, *more in by_face.values():
        contradicting = [row for face, row in others if face == _id(image, first.face)]
        agreed = not contradicting and all(first.agrees(other) for other in more)
        reason = Reason.DUPLICATE_LABEL if agreed else Reason.CONFLICTING_LABELS
        rows = sorted([*(one.said.row for one in (first, *more)), *contradicting])
        kept += [first] if agreed else []
        rejects += [_again(image, example, reason, rows) for example in (more if agreed else [first, *more])]
    return kept, rejects


def _again(image: ExtractedImage, example: Example, reason: Reason, rows: Sequence[int]) -> Reject:
    detail = f'rows {", ".join(map(str, rows))} of {example.said.file}'
    return Reject(image.uri, _id(image, example.face), example.said.label, Drop(reason, detail))


def _unlabelled(image: ExtractedImage, examples: list[Example], rejects: list[Reject]) -> list[Reject]:
    """The faces that no label means, where labels mean faces; else the photo, where nothing is said of it."""
    meant = {_id(image, example.face) for example in examples} | {reject.face_id for reject in rejects} - {None}
    if not meant and rejects:
        return []
    ids = [_id(image, index) for index in range(len(image.faces))]
    missing = [one for one in ids if one not in meant] if meant or len(ids) == 1 else [None]
    reason = Reason.OTHER_FACE if meant else Reason.UNLABELLED
    return [Reject(image.uri, one, '', Drop(reason)) for one in missing]


def _id(image: ExtractedImage, face: int) -> str:
    return face_id(image.image_id, face)
