"""Which of a dataset's faces a model was trained on, though they should measure it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from itertools import permutations

from ...configs.errors import UsageError
from .dataset import Dataset
from .examples import Examples

UNSEEN = ('validation', 'test')


def refuse_seen(datasets: Sequence[Dataset], classes: tuple[str, ...]) -> None:
    """Compares the faces that each is trained on with those that the others are measured by.

    Args:
        classes: of the training; faces of others take no part.
    Raises:
        UsageError: some are the same, to the pixel.
    """
    for trained, measured in permutations(datasets, 2):
        for split in UNSEEN:
            if count := seen(trained, measured, split, classes):
                what = f'{count:,} faces of its {split} are in train of {trained.folder!r}, too'
                remedy = 'build one dataset of both: `mien build` keeps all copies of a picture in one split'
                raise UsageError(f'dataset {measured.folder!r}: {what}; {remedy}')


def seen(trained: Dataset, measured: Dataset, split: str, classes: tuple[str, ...]) -> int:
    """How many faces of a split are in another dataset's training split, to the pixel; 0 where there is no such split.

    Args:
        classes: whose faces take part, in training and in measuring.
    """
    if split not in measured.splits():
        return 0
    known = frozenset(_digests(Examples(trained, classes), 'train'))
    return sum(digest in known for digest in _digests(Examples(measured, classes), split))


@lru_cache(maxsize=16)
def _digests(examples: Examples, split: str) -> tuple[bytes, ...]:
    return tuple(blake2b(crop.tobytes(), digest_size=16).digest() for crops, _ in examples.crops(split) for crop in crops)
