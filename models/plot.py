"""Pictures of figures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure


def confusion_png(confusion: np.ndarray, classes: tuple[str, ...], title: str, path: Path) -> None:
    """A confusion matrix, each row shaded by its shares.

    Args:
        confusion: integers (k, k), row label, column prediction.
    """
    figure = Figure(figsize=(1.8 + 0.8 * len(classes), 1.6 + 0.7 * len(classes)), layout='constrained')
    axes = figure.subplots()
    shares = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap='Blues', vmin=0, vmax=1)
    for (row, column), share in np.ndenumerate(shares):
        colour = 'white' if share > 0.5 else 'black'
        axes.text(column, row, f'{confusion[row, column]}\n{share:.0%}', ha='center', va='center', color=colour, fontsize=8)
    axes.set_xticks(range(len(classes)), classes, rotation=40, ha='right')
    axes.set_yticks(range(len(classes)), classes)
    axes.set(xlabel='predicted', ylabel='label')
    axes.set_title(title, fontsize=9)
    FigureCanvasAgg(figure).print_png(str(path), metadata={'Software': None})
