"""Pictures of a model's figures, PNG: equal figures, equal bytes. Models by accuracy and cost are in `scatter`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from ..evaluation.confidence import ReliabilityBin
from .drawing import GREY, SMALL, TITLE, legend, new_figure, percents, save, styles, tidy

FEWEST = 10


@dataclass(frozen=True)
class Confusion:
    """A model's confusion matrix: row label, column prediction."""

    title: str
    counts: Sequence[Sequence[int]] | np.ndarray
    classes: tuple[str, ...]


def confusion_png(confusion: np.ndarray, classes: tuple[str, ...], title: str, path: Path) -> None:
    """A confusion matrix, each row shaded by its shares.

    Args:
        confusion: integers (k, k), row label, column prediction.
    """
    confusions_png([Confusion(title, confusion, classes)], path)


def confusions_png(confusions: Sequence[Confusion], path: Path) -> None:
    """Confusion matrices side by side, at most three in a row."""
    columns = min(3, math.ceil(math.sqrt(len(confusions))))
    rows = math.ceil(len(confusions) / columns)
    most = max(len(one.classes) for one in confusions)
    figure, grid = new_figure(columns * (1.8 + 0.8 * most), rows * (1.6 + 0.7 * most), rows, columns)
    for axes, one in zip(grid, confusions, strict=False):
        _confusion(axes, one)
    for axes in grid[len(confusions) :]:
        axes.set_axis_off()
    save(figure, path)


def calibration_png(curves: Mapping[str, Sequence[ReliabilityBin]], title: str, path: Path) -> None:
    """Reliability diagrams of several models, by name, and below how many faces have which score.

    Each bin is a dot as large as its share; the line leaves out bins of fewer than FEWEST faces, whose accuracy is chance.
    """
    figure, (above, below) = new_figure(5.2, 6.4, 2, 1, height_ratios=[3, 1], sharex=True)
    above.plot([0, 1], [0, 1], color=GREY, linewidth=1)
    for (name, bins), style in zip(curves.items(), styles(len(curves)), strict=True):
        total, edges = sum(one.count for one in bins), [bins[0].low, *(one.high for one in bins)]
        dots = np.array([[one.confidence, one.accuracy, one.count] for one in bins if one.count], float).reshape(-1, 3)
        line = dots[dots[:, 2] >= FEWEST]
        above.plot(line[:, 0], line[:, 1], label=name, linewidth=1.5, **style)
        sizes = 3 + 150 * dots[:, 2] / total
        above.scatter(dots[:, 0], dots[:, 1], sizes, color=style['color'], alpha=0.6, linewidths=0, clip_on=False)
        below.stairs([one.count / total for one in bins], edges, linewidth=1.2, **style)
    above.set(ylabel='accuracy', xlim=(0, 1), ylim=(0, 1))
    below.set(xlabel='score of the most probable class', ylabel='share of faces')
    for axes in (above, below):
        percents(axes.yaxis)
        percents(axes.xaxis)
        tidy(axes)
    figure.suptitle(title, fontsize=TITLE)
    legend(figure, above, len(curves))
    save(figure, path)


def training_png(histories: Mapping[str, Sequence[Mapping[str, float]]], title: str, path: Path) -> None:
    """Loss and accuracy by epoch of several models, by name: validation drawn full, training thin and pale.

    Args:
        histories: of each epoch: loss, accuracy, val_loss and val_accuracy.
    """
    figure, (left, right) = new_figure(9, 3.8, 1, 2)
    for (name, history), style in zip(histories.items(), styles(len(histories)), strict=True):
        epochs = range(1, len(history) + 1)
        for axes, key in ((left, 'loss'), (right, 'accuracy')):
            marker = 'o' if len(history) == 1 else ''
            axes.plot(epochs, [one[f'val_{key}'] for one in history], label=name, linewidth=1.6, marker=marker, **style)
            axes.plot(epochs, [one[key] for one in history], linewidth=0.8, alpha=0.55, marker=marker, markersize=3, **style)
    left.set(xlabel='epoch', ylabel='loss')
    right.set(xlabel='epoch', ylabel='accuracy')
    for axes in (left, right):
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        tidy(axes)
    percents(right.yaxis)
    figure.suptitle(f'{title}\nfull: validation, pale: training', fontsize=TITLE)
    legend(figure, left, len(histories))
    save(figure, path)


def _confusion(axes: Axes, one: Confusion) -> None:
    counts = np.asarray(one.counts)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap='Blues', vmin=0, vmax=1)
    for (row, column), share in np.ndenumerate(shares):
        text = f'{counts[row, column]}\n{share:.0%}' if counts[row].any() else '-'
        axes.text(column, row, text, ha='center', va='center', color='white' if share > 0.5 else 'black', fontsize=SMALL)
    axes.set_xticks(range(len(one.classes)), one.classes, rotation=40, ha='right', rotation_mode='anchor')
    axes.set_yticks(range(len(one.classes)), one.classes)
    axes.set(xlabel='predicted', ylabel='label')
    axes.set_title(one.title, fontsize=TITLE)
