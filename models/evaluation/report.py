"""Figures as text."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from .metrics import Metrics
from .robustness import Changed
from .slices import Slice, Slices


def describe(metrics: Metrics) -> str:
    """All figures as lines of text."""
    sure = f', {metrics.covered_accuracy:.2%} accuracy on them' if metrics.covered_accuracy is not None else ''
    lines = [
        f'accuracy {metrics.accuracy:.2%} of {metrics.examples:,} faces, standard error {metrics.standard_error:.2%}',
        f'loss {metrics.loss:.4f}  macro F1 {metrics.macro_f1:.4f}',
        f'calibration error {metrics.calibration_error:.4f}  labelled without abstaining {metrics.covered:.2%}{sure}',
        '',
        *_table(metrics),
    ]
    return '\n'.join(lines)


def describe_slices(slices: Slices) -> list[str]:
    """The accuracy of each slice, a line a measure, and what has no slices."""
    head = ['accuracy by quarters of the split, each up to a bound'] if slices.slices else []
    found = {one.measure: slices.of(one.measure) for one in slices.slices}
    wide = max(map(len, found), default=0)
    lines = [f'{measure:<{wide}} {"".join(map(_cell, some))}' for measure, some in found.items()]
    return [*head, *lines, *unsliced(slices)]


def describe_robustness(changes: Sequence[Changed]) -> list[str]:
    """What each change of the crops does, a line a change; nothing where there is none."""
    wide = max((len(one.change) for one in changes), default=0)
    head = [f'labels that stay when the crops of {one.examples:,} faces are changed; accuracy then, and its change' for one in changes[:1]]
    return [*head, *(f'{one.change:<{wide}} {one.stay:>7.1%} {one.accuracy:>7.1%} {points(one.accuracy_change):>6}' for one in changes)]


def points(share: float) -> str:
    """A difference of two shares in percentage points."""
    return f'{100 * share:+.2f}'


def unsliced(slices: Slices) -> list[str]:
    """Why measures have no slices, a line for each reason."""
    by_reason = defaultdict(list)
    for measure, reason in slices.unsliced.items():
        by_reason[reason].append(measure)
    return [f'no slices by {", ".join(measures)}: {reason}' for reason, measures in by_reason.items()]


def _cell(one: Slice) -> str:
    return f'{f"to {bound(one.high)}":>11} {one.accuracy:>6.1%}'


def bound(value: float) -> str:
    """A bound of a slice, three digits or more."""
    return f'{value:,.0f}' if abs(value) >= 100 else f'{value:.3g}'


def _table(metrics: Metrics) -> list[str]:
    names = list(metrics.recall)
    wide, cell = max(map(len, names)), max(6, *(len(name[:9]) for name in names))
    head = ' '.join(f'{name[:9]:>{cell}}' for name in names)
    rows = zip(names, metrics.confusion, metrics.recall.values(), strict=True)
    lines = [f'{name:<{wide}} {" ".join(f"{n:>{cell}}" for n in row)} {"-" if hit is None else f"{hit:.1%}":>7}' for name, row, hit in rows]
    return [f'{"label":<{wide}} {head}  recall', *lines]
