"""Two workers on two cores, as threads and as processes of Beam's local runner, against one worker on one core.

python -m benchmarks.workers [--images FOLDER] [--count N] [--rounds N]
"""

from __future__ import annotations

from pathlib import Path
from statistics import median

from .arguments import repeated
from .compare import Folders, mien_label, print_ratio
from .marginal import Marginal, marginal
from .throughput import run_rounds

ONE, THREADS, PROCESSES = 'one worker, one core', 'multi_threading, two cores', 'multi_processing, two cores'
BEAM = ('--', '--direct_running_mode=multi_processing')  # said later than the local profile's own, so it holds

Round = dict[str, Marginal]


def main() -> None:
    said = repeated(__doc__, count=400, rounds=3).parse_args()
    rounds = run_rounds(said, _round)
    print(f'{said.rounds} rounds, {said.count} and {2 * said.count} images, start-up taken out')
    print(f'{"mien label":30}{"images/s":>10}{"start-up s":>12}{"peak MB":>10}')
    for name in rounds[0]:
        speed, startup, peak = (median(getattr(round_[name], of) for round_ in rounds) for of in ('speed', 'startup_seconds', 'peak'))
        print(f'{name:30}{speed:10.1f}{startup:12.1f}{peak:10.0f}')
    for name in (THREADS, PROCESSES):
        print_ratio(f'{name} / one, clock', [round_[name].speed / round_[ONE].speed for round_ in rounds])


def _round(folders: Folders, scratch: Path) -> Round:
    return {
        ONE: marginal(folders, lambda folder: mien_label(folder, scratch), {0}),
        THREADS: marginal(folders, lambda folder: mien_label(folder, scratch, 2), {0, 1}),
        PROCESSES: marginal(folders, lambda folder: mien_label(folder, scratch, 2, *BEAM), {0, 1}),
    }


if __name__ == '__main__':
    main()
