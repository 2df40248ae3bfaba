"""Figures as text."""

from __future__ import annotations

from .metrics import Metrics


def describe(metrics: Metrics) -> str:
    """All figures as lines of text."""
    sure = f', {metrics.covered_accuracy:.2%} accuracy on them' if metrics.covered_accuracy is not None else ''
    lines = [
        f'accuracy {metrics.accuracy:.2%} of {metrics.examples:,} faces  loss {metrics.loss:.4f}  macro F1 {metrics.macro_f1:.4f}',
        f'calibration error {metrics.calibration_error:.4f}  labelled without abstaining {metrics.covered:.2%}{sure}',
        '',
        *_table(metrics),
    ]
    return '\n'.join(lines)


def _table(metrics: Metrics) -> list[str]:
    names = list(metrics.recall)
    wide, cell = max(map(len, names)), max(6, *(len(name[:9]) for name in names))
    head = ' '.join(f'{name[:9]:>{cell}}' for name in names)
    rows = zip(names, metrics.confusion, metrics.recall.values(), strict=True)
    lines = [f'{name:<{wide}} {" ".join(f"{n:>{cell}}" for n in row)} {"-" if hit is None else f"{hit:.1%}":>7}' for name, row, hit in rows]
    return [f'{"label":<{wide}} {head}  recall', *lines]
