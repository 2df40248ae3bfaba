"""Which split an example belongs to: the given one, else a stable hash of who or what is shown. Never chance."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from ..configs.schema import SPLITS
from .reasons import Drop, Reason
from .salted import salted

SALT = 'mien split 1'
TRAIN, VALIDATION, TEST = SPLITS


@dataclass(frozen=True)
class SplitRules:
    """How examples are split.

    Attributes:
        given: whether the labels say the split.
        renamed: split by name as found.
        validation_share: of all examples; with given splits, of their train.
        test_share: of all examples; unused with given splits.
    """

    given: bool
    renamed: Mapping[str, str]
    validation_share: float
    test_share: float


def stays_in(splits: Collection[str]) -> str:
    """Where what stands in several splits may stay: in test, else in validation."""
    return next(split for split in (TEST, VALIDATION, TRAIN) if split in splits)


def in_order(splits: Collection[str]) -> tuple[str, ...]:
    """The same splits, train before validation before test."""
    return tuple(split for split in SPLITS if split in splits)


def split_of(given: str, subject: str, content: str, rules: SplitRules) -> str | Drop:
    """The split of an example.

    Args:
        given: the split that its label says.
        subject: who is shown, or nothing.
        content: SHA-256 of the photo's bytes; counts where no subject is said.
    """
    share = fraction('subject', subject) if subject else fraction('content', content)
    if not rules.given:
        return hashed_split(share, rules.validation_share, rules.test_share)
    split = rules.renamed.get(given, given)
    if split not in SPLITS:
        return Drop(Reason.UNKNOWN_SPLIT, f'{split!r} is no split' if split else 'no split is given')
    return hashed_split(share, rules.validation_share, 0.0) if split == TRAIN else split


def hashed_split(share: float, validation_share: float, test_share: float) -> str:
    """The split of a place between 0 and 1: test first, then validation, then train."""
    if share < test_share:
        return TEST
    return VALIDATION if share < test_share + validation_share else TRAIN


def fraction(kind: str, key: str) -> float:
    """A stable place between 0 and 1: the first 64 bits of a salted SHA-256."""
    return int.from_bytes(salted(SALT, kind, key)[:8], 'big') / 2**64
