"""What the launcher does alone, before and after the shards: list, plan, and finish; seconds and memory by number of inputs.

    python -m benchmarks.plan [--counts 100000,1000000] [--files 100000]

Listing reads a real folder of empty files; the plan is cut from entries that are made up as fast as they are asked for; the finish adds
up markers as real shards leave them. Each runs in a process of its own, whose peak memory is printed over that of a process that has
imported the same and done nothing.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path

from mien.configs.load import load
from mien.configs.schema import LabelConfig
from mien.pipelines.inputs import list_inputs, sources
from mien.pipelines.plan import shard_count, write_plans
from mien.pipelines.totals import add_up
from mien.transforms.parts import Marker, part_name, to_marker, write_marker
from mien.transforms.records import Entry

TABLES = ('images', 'faces', 'labels')
CONFIG = load(LabelConfig, 'label')


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--counts', default='100000,1000000', help='numbers of inputs for plan and finish')
    parser.add_argument('--files', type=int, default=100_000, help='number of files to list')
    said = parser.parse_args()
    idle = _measured(_nothing, 0)[1]
    _say('listing', said.files, *_measured(_list, said.files), idle)
    for count in map(int, said.counts.split(',')):
        _say('plan', count, *_measured(_plan, count), idle)
        _say('finish', count, *_measured(_finish, count), idle)


def _say(what: str, count: int, seconds: float, peak: float, idle: float) -> None:
    print(f'{what:8}{count:12,} inputs {seconds:8.1f} s {count / seconds:12,.0f} inputs/s {peak - idle:8.0f} MB over start-up', flush=True)


def _measured(work: Callable[[int, Path], float], count: int) -> tuple[float, float]:
    """Seconds of a piece of work and the peak memory in MB of the process that did it."""
    here, there = multiprocessing.get_context('spawn').Pipe()
    process = multiprocessing.get_context('spawn').Process(target=_in_process, args=(work, count, there))
    process.start()
    seconds, peak = here.recv()
    process.join()
    return seconds, peak


def _in_process(work: Callable[[int, Path], float], count: int, answer: Connection) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        seconds = work(count, Path(scratch))
        answer.send((seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))


def _nothing(count: int, scratch: Path) -> float:
    return 0.0


def _list(count: int, scratch: Path) -> float:
    for number in range(count):
        folder = scratch / f'{number // 1000:06d}'
        if number % 1000 == 0:
            folder.mkdir()
        (folder / f'{number:09d}.jpg').touch()
    started = time.perf_counter()
    assert sum(1 for _ in list_inputs(sources([str(scratch)]), CONFIG, [])) == count
    return time.perf_counter() - started


def _entries(count: int) -> Iterator[Entry]:
    for number in range(count):
        name = f'2026/11/{number // 1000:06d}/{number:09d}.jpg'
        yield Entry(name, f'/archive/{name}', 2_000_000 + number, 1_790_000_000_000_000_000 + number)


def _plan(count: int, scratch: Path) -> float:
    started = time.perf_counter()
    write_plans(_entries(count), CONFIG, str(scratch))
    return time.perf_counter() - started


def _finish(count: int, scratch: Path) -> float:
    shards = shard_count(count)
    for shard in range(shards):
        files = {part_name(table, shard, shards): f'{shard:064x}' for table in TABLES}
        write_marker(scratch, Marker(shard, '', dict.fromkeys(TABLES, 900), {'ok': 800, 'no_face': 100}, 900, 0, files))
    started = time.perf_counter()
    add_up(to_marker(path.read_bytes()) for path in sorted(scratch.rglob('*.json')))
    return time.perf_counter() - started


if __name__ == '__main__':
    main()
