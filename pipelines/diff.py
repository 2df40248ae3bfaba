"""mien diff: what has changed between two snapshots of one kind."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..configs.errors import UsageError
from ..configs.schema import CLASSES, SPLITS
from ..storage.check import check
from ..storage.path import located
from ..transforms.splits import TRAIN
from .changes import Changes, Comparison
from .drift import Drift, drift
from .finished import Finished, describe
from .pairs import SOURCES, Label, pairs
from .recipe import differences
from .snapshot import identity, reading


@dataclass(frozen=True)
class Limits:
    """How much may change.

    Attributes:
        drift: population stability index of the faces' classes, or of the training split's; null for any.
        changed: share of the old photos that are gone, have another status, or of which a label is gone or another; null for any.
    """

    drift: float | None = None
    changed: float | None = None


@dataclass(frozen=True)
class Numbers:
    """How many before and after."""

    old: int
    new: int


@dataclass(frozen=True)
class Diff:
    """What has changed.

    Attributes:
        kind: of both snapshots, `label` or `build`.
        made: how their recipes differ, `key: old -> new`.
        balance: classes of each split, or of all `faces`.
        rejects: what did not become an example, by reason.
        changed_share: see `Limits`.
        exceeded: a line for each limit that is.
    """

    old: str
    new: str
    kind: str
    made: list[str]
    photos: Numbers
    changes: Changes
    statuses: dict[str, Numbers]
    rejects: dict[str, Numbers]
    balance: dict[str, Drift]
    changed_share: float
    exceeded: list[str]


def diff(old: str, new: str, limits: Limits = Limits()) -> Diff:
    """Compares two snapshots, one shard's parts at a time.

    Raises:
        UsageError: one is no finished snapshot, they are of two kinds, or a limit is none.
        JobFailed: a part cannot be read.
    """
    _check_limits(limits)
    check(old)
    check(new)
    before, after = describe(located(old)), describe(located(new))
    kind = _kind(before, after)
    with reading(before.folder), reading(after.folder):
        comparison = Comparison(whole=kind == 'build')
        for pair in pairs(before, after):
            comparison.add(pair)
        made = differences(identity(before.said), identity(after.said))
    photos = Numbers(*(sum(snapshot.said['statuses'].values()) for snapshot in (before, after)))
    statuses = _numbers(before.said, after.said, 'statuses')
    rejects = _numbers(before.said['tallies'], after.said['tallies'], 'rejects')
    changes, balance = comparison.changes(), _balance(kind, comparison, after.said['config'])
    share = changes.affected / photos.old if photos.old else 0.0
    exceeded = _exceeded(limits, balance['faces' if kind == 'label' else TRAIN], share)
    return Diff(old, new, kind, made, photos, changes, statuses, rejects, balance, share, exceeded)


def _check_limits(limits: Limits) -> None:
    for name, value, high in (('drift', limits.drift, math.inf), ('changed', limits.changed, 1.0)):
        if value is not None and not 0 <= value <= high:
            raise UsageError(f'--max-{name} {value:g}: must be {"from 0 to 1" if high == 1 else "at least 0"}')


def _kind(old: Finished, new: Finished) -> str:
    one, other = str(old.said['kind']), str(new.said['kind'])
    if one != other or one not in SOURCES:
        raise UsageError(
            f'{str(old.folder)!r} is a snapshot of `mien {one}`, {str(new.folder)!r} of `mien {other}`; '
            'name two of `mien label`, or two of `mien build`'
        )
    return one


def _numbers(old: Mapping[str, Any], new: Mapping[str, Any], subject: str) -> dict[str, Numbers]:
    """What two descriptions count by name."""
    before, after = old.get(subject, {}), new.get(subject, {})
    return {name: Numbers(before.get(name, 0), after.get(name, 0)) for name in sorted(before.keys() | after.keys())}


def _balance(kind: str, comparison: Comparison, config: Mapping[str, Any]) -> dict[str, Drift]:
    """The classes of all faces, or of each split."""
    order = tuple(config.get('classes', CLASSES))
    splits: dict[str, str | None] = {'faces': None} if kind == 'label' else {split: split for split in SPLITS}
    return {name: drift(_of(split, comparison.old), _of(split, comparison.new), order) for name, split in splits.items()}


def _of(split: str | None, labels: Counter[Label]) -> dict[str, int]:
    return {label.name: number for label, number in labels.items() if label.split == split}


def _exceeded(limits: Limits, classes: Drift, share: float) -> list[str]:
    found = []
    if limits.drift is not None and classes.exceeds(limits.drift):
        psi = 'unknown, as one of the two is empty' if classes.psi is None else f'{classes.psi:.4g}'
        found.append(f'the population stability index is {psi}: more than --max-drift {limits.drift:g}')
    if limits.changed is not None and share > limits.changed:
        found.append(f'{share:.2%} of the old photos are gone or changed: more than --max-changed {limits.changed:g}')
    return found
