"""From what was said of a face to its label and its distribution over the classes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from .label_file import Label
from .reasons import Drop, Reason

NO_LABEL = {'unknown': Reason.UNKNOWN, 'not_a_face': Reason.NOT_A_FACE}  # votes that say why there is no class


@dataclass(frozen=True)
class LabelRules:
    """How a label is read.

    Attributes:
        classes: class names in label order.
        renamed: class by label as found.
        votes: what each count of votes is for; none: the label itself is said.
    """

    classes: tuple[str, ...]
    renamed: Mapping[str, str]
    votes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Verdict:
    """A face's class and the annotators' distribution.

    Attributes:
        label: index into the classes.
        distribution: one share a class; they add up to 1.
    """

    label: int
    distribution: tuple[float, ...]


def judge(label: Label, rules: LabelRules) -> Verdict | Drop:
    """A label's verdict, or why it has none."""
    if not any(label.votes) and not label.label:
        return Drop(Reason.UNLABELLED)
    return count_votes(label.votes, rules) if rules.votes else read_label(label.label, rules)


def read_label(text: str, rules: LabelRules) -> Verdict | Drop:
    """The verdict of a label that is said: all of the distribution is its class's."""
    name = rules.renamed.get(text, text)
    if name not in rules.classes:
        return Drop(Reason.UNKNOWN_LABEL, f'{name!r} is no class')
    return Verdict(rules.classes.index(name), tuple(float(other == name) for other in rules.classes))


def count_votes(texts: tuple[str, ...], rules: LabelRules) -> Verdict | Drop:
    """The verdict of a vote: the winner of all votes, a tie or no class dropped; shares are of the votes for classes alone."""
    counts = [_count(text) for text in texts]
    if None in counts or not any(counts):
        said = ', '.join(f'{name} {text!r}' for name, text in zip(rules.votes, texts, strict=True))
        return Drop(Reason.BAD_VOTES, f'no counts of votes: {said}')
    votes = dict(zip(rules.votes, (count or 0.0 for count in counts), strict=True))
    most = max(votes.values())
    winner, *others = [name for name, count in votes.items() if count == most]
    if others:
        return Drop(Reason.TIE, f'{most:g} votes each: {", ".join([winner, *others])}')
    if winner not in rules.classes:
        return Drop(NO_LABEL.get(winner, Reason.UNKNOWN_LABEL), f'{winner} has {most:g} of {sum(votes.values()):g} votes')
    return Verdict(rules.classes.index(winner), _shares(votes, rules.classes))


def _shares(votes: Mapping[str, float], classes: tuple[str, ...]) -> tuple[float, ...]:
    total = sum(votes[name] for name in classes)
    return tuple(votes[name] / total for name in classes)


def _count(text: str) -> float | None:
    try:
        count = float(text)
    except ValueError:
        return None
    return count if math.isfinite(count) and count >= 0 else None
