"""Two workers on two cores, as threads and as processes of Beam's local runner, against one worker on one core.

    python -m benchmarks.workers [--images FOLDER] [--count N] [--rounds N]

What the machine allows is told by two runs at once, each with one worker on a core of its own over all images: they share nothing
but the machine's caches and memory.
"""

from __future__ import annotations

import shlex
from pathlib import Path
from statistics import median

from .arguments import repeated
from .compare import Folders, mien_label, print_ratio
from .marginal import Marginal, marginal
from .throughput import run_rounds

ONE, THREADS, PROCESSES = 'one worker, one core', 'multi_threading, two cores', 'multi_processing, two cores'
AT_ONCE = 'two runs at once, a core each'
BEAM = ('--', '--direct_running_mode=multi_processing')  # said later than the local profile's own, so it holds

Round = dict[str, Marginal]


def main() -> None:
    said = repeated(__doc__, count=400, rounds=3).parse_args()
    rounds = run_rounds(said, _round)
    print(f'{said.rounds} rounds, {said.count} and {2 * said.count} images, start-up taken out')
    print(f'{"mien label":30}{"images/s":>10}{"start-up s":>12}{"peak MB":>10}')
    for name in rounds[0]:
        startup, peak = (median(getattr(round_[name], of) for round_ in rounds) for of in ('startup_seconds', 'peak'))
        speed = median(_speed(name, round_) for round_ in rounds)
        print(f'{name:30}{speed:10.1f}{startup:12.1f}{peak:10.0f}')
    for name in (AT_ONCE, THREADS, PROCESSES):
        print_ratio(f'{name} / one, clock', [_speed(name, round_) / round_[ONE].speed for round_ in rounds])
    print_ratio('threads / two runs at once, clock', [_speed(THREADS, round_) / _speed(AT_ONCE, round_) for round_ in rounds])


def _speed(name: str, round_: Round) -> float:
    """Images a second; two runs at once do each image twice."""
    return round_[name].speed * (2 if name == AT_ONCE else 1)


def _round(folders: Folders, scratch: Path) -> Round:
    return {
        ONE: marginal(folders, lambda folder: mien_label(folder, scratch), {0}),
        AT_ONCE: marginal(folders, lambda folder: _at_once(folder, scratch), {0, 1}),
        THREADS: marginal(folders, lambda folder: mien_label(folder, scratch, 2), {0, 1}),
        PROCESSES: marginal(folders, lambda folder: mien_label(folder, scratch, 2, *BEAM), {0, 1}),
    }


def _at_once(folder: Path, scratch: Path) -> list[str]:
    runs = [f'taskset --cpu-list {core} {shlex.join(mien_label(folder, scratch))}' for core in (0, 1)]
    return ['sh', '-c', f'{runs[0]} & {runs[1]} & wait']


if __name__ == '__main__':
    main()
