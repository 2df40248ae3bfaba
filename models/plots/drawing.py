"""What all pictures share: without a display, sober, and the same bytes for the same figures."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from ..whole import write_whole

GREY = '#999999'
COLOURS = ('#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#000000')  # Okabe & Ito 2008: told apart by the colour blind
LINES = ('-', '--', ':', '-.')
SMALL, TITLE = 8, 9  # points


def new_figure(width: float, height: float, rows: int, columns: int, sharex: bool = False, **grid: Any) -> tuple[Figure, list[Axes]]:
    """A figure of a size in inches and its axes, row by row; `grid` goes to matplotlib's GridSpec."""
    figure = Figure(figsize=(width, height), layout='constrained')
    return figure, list(figure.subplots(rows, columns, squeeze=False, sharex=sharex, gridspec_kw=grid).flat)


def styles(number: int) -> list[dict[str, Any]]:
    """A colour and a kind of line for each of so many curves; 28 of them differ."""
    return [{'color': COLOURS[index % len(COLOURS)], 'linestyle': LINES[index // len(COLOURS) % len(LINES)]} for index in range(number)]


def legend(figure: Figure, axes: Axes, names: int) -> None:
    """Names the labelled curves beside the axes, in space of their own; a single one needs no name."""
    if names > 1:
        figure.legend(*axes.get_legend_handles_labels(), loc='outside right upper', fontsize=SMALL, frameon=False)
        figure.set_figwidth(figure.get_figwidth() + 2)


def percents(axis: Any) -> None:
    """Writes an axis's shares as percentages."""
    axis.set_major_formatter(FuncFormatter(lambda share, _: f'{100 * share:.3g}%'))


def tidy(axes: Axes) -> None:
    """No frame above and to the right, a pale grid behind."""
    axes.spines[['top', 'right']].set_visible(False)
    axes.grid(color='#e6e6e6', linewidth=0.6)
    axes.set_axisbelow(True)


def save(figure: Figure, path: Path) -> None:
    """Writes the PNG; it does not say which version of what made it."""
    png = BytesIO()
    FigureCanvasAgg(figure).print_png(png, metadata={'Software': None})
    write_whole(path, png.getvalue())
