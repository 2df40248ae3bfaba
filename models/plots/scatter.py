"""A picture of models by accuracy and cost, each with its name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import EngFormatter, NullFormatter

from .drawing import COLOURS, GREY, SMALL, TITLE, new_figure, percents, save, tidy
from .labels_apart import placed

BAR = 2.0  # half the width in pixels that names keep clear of a bar
APART = 12.0  # pixels from a name's side to its point from which on a line joins them
DECADE = 10.0


@dataclass(frozen=True)
class Point:
    """A model's place in a scatter.

    Attributes:
        error: half the length of the bar that is drawn through y.
        group: what it can be compared within.
        best: whether it is its group's best.
    """

    name: str
    x: float
    y: float
    error: float = 0.0
    group: str = ''
    best: bool = False


def scatter_png(points: Sequence[Point], xlabel: str, title: str, path: Path, unit: str = '') -> None:
    """Accuracy against what it costs. Each group has a colour, its best model a star. Costs that are far apart stand on a logarithmic axis.

    Args:
        points: x above 0, in `unit`; y and error as shares.
    """
    figure, (axes,) = new_figure(7.2, 5.2, 1, 1)
    groups = list(dict.fromkeys(one.group for one in points))
    colours = dict(zip(groups, cycle(COLOURS), strict=False))
    for one in points:
        marker, size = ('*', 9) if one.best else ('o', 5)
        axes.errorbar(one.x, one.y, one.error or None, fmt=marker, color=colours[one.group], ecolor=GREY, elinewidth=0.8, markersize=size)
    if len(groups) > 1:
        keys = [Line2D([], [], marker='o', linestyle='', markersize=5, color=colours[group], label=group) for group in groups]
        figure.legend(handles=keys, loc='outside lower center', fontsize=SMALL, frameon=False)
    costs = [one.x for one in points]
    axes.set_xscale('log' if max(costs) >= DECADE * min(costs) else 'linear')
    axes.xaxis.set_major_formatter(EngFormatter(unit))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.margins(0.08, 0.12)
    axes.set(xlabel=xlabel, ylabel='accuracy')
    axes.set_title(title, fontsize=TITLE)
    percents(axes.yaxis)
    tidy(axes)
    _names(figure, axes, points)
    save(figure, path)


def _names(figure: Figure, axes: Axes, points: Sequence[Point]) -> None:
    """Writes the names beside their points; a thin line leads to one that stands apart."""
    figure.draw_without_rendering()
    figure.set_layout_engine('none')  # what was measured must stay in its place
    white = {'facecolor': 'white', 'edgecolor': 'none', 'pad': 0.5}
    texts = [axes.text(0, 0, one.name, fontsize=SMALL, ha='center', va='center', bbox=white, zorder=1) for one in points]
    sizes = np.array([[box.width, box.height] for box in (text.get_window_extent() for text in texts)])
    area = axes.get_window_extent()
    corner, side = np.array([area.x0, area.y0]), np.array([BAR, 0])
    places, tops, bottoms = (_pixels(axes, points, sign) - corner for sign in (0, 1, -1))
    bars = np.concatenate([bottoms - side, tops + side], axis=1)
    centres = placed(places, sizes, area.width, area.height, bars)
    back = axes.transData.inverted()
    for text, centre, place, size in zip(texts, centres + corner, places + corner, sizes, strict=True):
        text.set_position(tuple(back.transform(centre)))
        if np.any(np.abs(centre - place) > size / 2 + APART):
            axes.plot(*back.transform([place, centre]).T, color=GREY, linewidth=0.5, zorder=0)


def _pixels(axes: Axes, points: Sequence[Point], sign: int) -> np.ndarray:
    """Where the points, or the ends of their bars, are drawn: float64 (n, 2)."""
    pixels: np.ndarray = axes.transData.transform([(one.x, one.y + sign * one.error) for one in points])
    return pixels
