"""From what was said of a face to its label and its distribution over the classes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..configs.schema import CLASSES, DROP
from .label_file import Label
from .reasons import Drop, Reason

NO_CLASS = {'unknown': Reason.UNKNOWN, 'not_a_face': Reason.NOT_A_FACE, DROP: Reason.DROPPED}  # what says itself why it is no class

MOST = 2.0**53  # votes of a kind: up to here a float tells every count from the next


@dataclass(frozen=True)
class LabelRules:
    """How a label is read.

    Attributes:
        classes: class names in label order.
        renamed: class, or `drop`, by label or vote as found.
        votes: what each count of votes is for; none: the label itself is said.
        margin: share of all votes by which the first must lead the second.
        share: of all votes, what the first must exceed.
        floor: what has fewer votes has none; at least 1.
        minimum_votes: fewer make no label; at least 1.
        soft: whether a tie between classes stays; the first of them in label order is the label then.
    """

    classes: tuple[str, ...]
    renamed: Mapping[str, str]
    votes: tuple[str, ...] = ()
    margin: float = 0.0
    share: float = 0.0
    floor: int = 1
    minimum_votes: int = 1
    soft: bool = False


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
        return Drop(_why_none(name), f'{name!r} is no class of this dataset')
    return Verdict(rules.classes.index(name), tuple(float(other == name) for other in rules.classes))


def count_votes(texts: tuple[str, ...], rules: LabelRules) -> Verdict | Drop:
    """The verdict of a vote, renamed and added up before the winner is sought among all of them; what is no class can win, and
    drops the face then. The distribution's shares are of the votes for classes alone. Votes below the floor count nowhere."""
    counts = [_count(text) for text in texts]
    if None in counts:
        said = ', '.join(f'{name} {text!r}' for name, text in zip(rules.votes, texts, strict=True))
        return Drop(Reason.BAD_VOTES, f'no counts of votes: {said}')
    merged = _merged(zip(rules.votes, counts, strict=True), rules.renamed)
    votes = {name: count if count > rules.floor - 1 else 0.0 for name, count in merged.items()}  # shares: as below
    total = sum(votes.values())
    if total <= rules.minimum_votes - 1:  # shares instead of counts may add up to a bit less than 1
        return Drop(Reason.FEW_VOTES, f'{total:g} votes, at least {rules.minimum_votes} are wanted')
    winner = _winner(votes, rules)
    return winner if isinstance(winner, Drop) else Verdict(rules.classes.index(winner), _shares(votes, rules.classes))


def _winner(votes: Mapping[str, float], rules: LabelRules) -> str | Drop:
    """The class that leads, or why none does."""
    total = sum(votes.values())
    most, second, *_ = sorted([*votes.values(), 0.0], reverse=True)
    first = [name for name in votes if votes[name] == most]
    if len(first) > 1 and not rules.soft:
        return Drop(Reason.TIE, f'{most:g} votes each: {", ".join(first)}')
    for name in first:
        if name not in rules.classes:
            return Drop(_why_none(name), f'{name} has {most:g} of {total:g} votes')
    if (most - second) / total < rules.margin:
        return Drop(Reason.NARROW, f'{most:g} of {total:g} votes before {second:g}, a lead of {rules.margin:.0%} is wanted')
    if most / total <= rules.share:
        return Drop(Reason.NARROW, f'{most:g} of {total:g} votes, more than {rules.share:.0%} are wanted')
    return min(first, key=rules.classes.index)


def _why_none(name: str) -> Reason:
    """The reason of what is none of a dataset's classes."""
    return NO_CLASS.get(name, Reason.OTHER_CLASS if name in CLASSES else Reason.UNKNOWN_LABEL)


def _merged(votes: Iterable[tuple[str, float | None]], renamed: Mapping[str, str]) -> dict[str, float]:
    merged: dict[str, float] = defaultdict(float)
    for name, count in votes:
        merged[renamed.get(name, name)] += count or 0.0
    return dict(merged)


def _shares(votes: Mapping[str, float], classes: tuple[str, ...]) -> tuple[float, ...]:
    held = [votes.get(name, 0.0) for name in classes]
    total = sum(held)
    return tuple(count / total for count in held)


def _count(text: str) -> float | None:
    try:
        count = float(text)
    except ValueError:
        return None
    return count if 0 <= count <= MOST and '_' not in text else None
