"""Memory and time per image as an archive grows: `mien label` on ever more small photos, its whole process tree measured.

    python -m benchmarks.growth [--images FOLDER] [--counts 1000,10000,100000] [--plot FILE.png] [--workers N]

Start-up, a run over one photo, is taken out of the time and left in the memory. Exit status 1 where the last count's peak, or its time per
image, is more than 1.1 times that of the count before it. Time is judged in processor seconds, which a neighbour on the machine
disturbs less; the ratio on the clock stands beside it.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator

from .archive import label, make_archive, startup
from .arguments import parser
from .compare import photos
from .tree import Usage

SIDE = 96  # pixels
LIMIT = 1.1
MEGA = 1_000_000


@dataclass(frozen=True)
class Grown:
    """A run over so many images.

    Attributes:
        whole: what it cost, start-up and all.
        more: what it cost beyond start-up.
    """

    count: int
    whole: Usage
    more: Usage

    @property
    def clock(self) -> float:
        """Milliseconds an image."""
        return 1000 * self.more.seconds / self.count

    @property
    def processor(self) -> float:
        """Processor milliseconds an image."""
        return 1000 * self.more.processor_seconds / self.count

    @property
    def peak(self) -> float:
        """Megabytes of the whole tree."""
        return self.whole.peak_bytes / MEGA


def main() -> int:
    said = _arguments()
    counts = sorted(map(int, said.counts.split(',')))
    print(f'JPEGs of {SIDE}x{SIDE}, {said.workers} workers; ms an image with start-up taken out')
    print(f'{"images":>9}{"seconds":>10}{"ms/image":>10}{"processor ms/image":>20}{"peak MB":>10}')
    runs = []
    for grown in _runs(photos(said.images), counts, said.workers):
        runs.append(grown)
        row = f'{grown.count:9,}{grown.whole.seconds:10.1f}{grown.clock:10.2f}{grown.processor:20.2f}{grown.peak:10.0f}'
        print(row, flush=True)
    if said.plot:
        _plot(runs, said.plot)
    return int(not _holds(*runs[-2:]))


def _runs(paths: list[Path], counts: list[int], workers: int) -> Iterator[Grown]:
    with tempfile.TemporaryDirectory() as name:
        scratch, words = Path(name), ('--workers', str(workers))
        start = startup(scratch, paths[0], SIDE, *words)
        for count in counts:
            folder = scratch / str(count)
            make_archive(folder, paths, count, SIDE)
            whole = label(folder, scratch / f'{count}-out', *words)
            shutil.rmtree(folder)
            yield Grown(count, whole, whole.over(start))


def _holds(before: Grown, last: Grown) -> bool:
    """Prints how the last count compares with the one before; tells whether that is within the limit."""
    between = f'{last.count:,} to {before.count:,} images'
    peak, processor = last.peak / before.peak, last.processor / before.processor
    print(f'peak memory, {between}: {peak:.3f} (limit {LIMIT})')
    print(f'processor time an image, {between}: {processor:.3f} (limit {LIMIT})')
    print(f'time on the clock an image, {between}: {last.clock / before.clock:.3f}')
    return peak <= LIMIT and processor <= LIMIT


def _plot(runs: list[Grown], path: str) -> None:
    """Draws memory and time over the number of images, with the limit that the count before the last sets for the last."""
    figure = Figure(figsize=(9, 3.6), layout='constrained')
    memory, time = figure.subplots(1, 2)
    _curve(memory, runs, [run.peak for run in runs], 'process tree', 'C0')
    _curve(time, runs, [run.processor for run in runs], 'processor', 'C0')
    _curve(time, runs, [run.clock for run in runs], 'clock', 'C1')
    _limit(memory, runs, runs[-2].peak)
    _limit(time, runs, runs[-2].processor)
    memory.set(title='Peak memory', ylabel='MB (sum of Pss)')
    time.set(title='Time per image, start-up taken out', ylabel='ms')
    FigureCanvasAgg(figure).print_png(path, metadata={'Software': None})


def _curve(axes: Axes, runs: list[Grown], values: list[float], name: str, colour: str) -> None:
    counts = [run.count for run in runs]
    axes.plot(counts, values, 'o-', color=colour, label=name)
    axes.set(xscale='log', xlabel='images')
    axes.set_xticks(counts)
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda count, _: f'{count:,.0f}'))
    axes.spines[['top', 'right']].set_visible(False)


def _limit(axes: Axes, runs: list[Grown], before: float) -> None:
    axes.plot([run.count for run in runs[-2:]], [LIMIT * before] * 2, '--', color='C0', label=f'{LIMIT} times that of {runs[-2].count:,}')
    axes.set_ylim(0, 1.2 * axes.get_ylim()[1])
    axes.legend(frameon=False, loc='lower left')


def _arguments() -> argparse.Namespace:
    made = parser(__doc__)
    made.add_argument('--counts', default='1000,10000,100000', help='numbers of images, at least two')
    made.add_argument('--plot', metavar='FILE.png', help='draw both curves')
    made.add_argument('--workers', type=int, default=1)
    return made.parse_args()


if __name__ == '__main__':
    sys.exit(main())
