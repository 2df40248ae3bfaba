"""Labels to photos: seconds and memory of matching as many labels as there are inputs, and ten times as many of both.

    python -m benchmarks.labels [--rows 1000000]

The plan's parts and the labels file are made up before the clock starts; the labels call their photos by the path below the INPUT, by the
base name, and one in a hundred by a name that no photo has. Each size runs in a process of its own, whose peak memory is printed over
that of a process that has imported the same and done nothing.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as csv

from mien.configs.load import load
from mien.configs.schema import BuildConfig
from mien.pipelines.collections import Collection
from mien.pipelines.inputs import Source
from mien.pipelines.match import check_labels, write_shard_labels
from mien.pipelines.plan import Plan, shard_count
from mien.transforms.plan_file import PLAN, write_plan

EMOTIONS = np.array(['neutral', 'happiness', 'surprise', 'sadness', 'anger', 'disgust', 'fear'])
AT_ONCE = 1 << 17  # rows of the labels file that are made up at a time
CONFIG = replace(load(BuildConfig, 'build').source('archive'), subject_column='subject')


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--rows', type=int, default=1_000_000, help='labels, and inputs, of the smaller run (default: 1000000)')
    rows = parser.parse_args().rows
    idle = _measured(_nothing, 0)[1]
    for count in (rows, 10 * rows):
        seconds, peak = _measured(_match, count)
        each = 1e6 * seconds / count
        print(f'{count:12,} labels {seconds:8.1f} s {each:6.1f} us/label {peak - idle:8.0f} MB over start-up', flush=True)


def _measured(work: Callable[[int, Path], float], count: int) -> tuple[float, float]:
    """Seconds of a piece of work and the peak memory in MB of the process that did it."""
    spawn = multiprocessing.get_context('spawn')
    here, there = spawn.Pipe()
    with tempfile.TemporaryDirectory() as scratch:
        if count:
            _in_a_process(spawn.Process(target=_make, args=(count, Path(scratch))))
        process = spawn.Process(target=_in_process, args=(work, count, Path(scratch), there))
        process.start()
        seconds, peak = here.recv()
        process.join()
    return seconds, peak


def _in_a_process(process: multiprocessing.process.BaseProcess) -> None:
    process.start()
    process.join()
    assert process.exitcode == 0


def _in_process(work: Callable[[int, Path], float], count: int, scratch: Path, answer: Connection) -> None:
    seconds = work(count, scratch)
    answer.send((seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))


def _nothing(count: int, scratch: Path) -> float:
    return 0.0


def _match(count: int, scratch: Path) -> float:
    shards = shard_count(count)
    collection = Collection('archive', (Source('archive', '/archive'),), (str(scratch / 'labels.csv'),), CONFIG)
    started = time.perf_counter()
    check_labels([collection])
    write_shard_labels(Plan(str(scratch), shards, count, ('',) * shards), [collection], None)
    return time.perf_counter() - started


def _make(count: int, scratch: Path) -> None:
    """Writes the parts of a plan and the labels file: photo n is in the part n modulo their number."""
    shards = shard_count(count)
    for shard in range(shards):
        numbers = range(shard, count, shards)
        uris = [_uri(number) for number in numbers]
        known = {'uri': uris, 'path': [f'/archive/{uri}'.encode() for uri in uris], 'kind': ['file'] * len(uris)}
        columns = [pa.array(known[field.name], field.type) if field.name in known else pa.nulls(len(uris), field.type) for field in PLAN]
        write_plan(scratch, shard, shards, pa.table(columns, schema=PLAN))
    schema = pa.schema([(name, pa.string()) for name in (CONFIG.image_column, CONFIG.label_column, 'subject')])
    with csv.CSVWriter(scratch / 'labels.csv', schema) as file:
        for start in range(0, count, AT_ONCE):
            numbers = range(start, min(start + AT_ONCE, count))
            texts = [
                [_said(number) for number in numbers],
                EMOTIONS[np.array(numbers) % 7],
                [f'person-{number // 20}' for number in numbers],
            ]
            file.write_table(pa.table([pa.array(column) for column in texts], schema=schema))


def _uri(number: int) -> str:
    return f'2026/11/{number // 1000:06d}/{number:09d}.jpg'


def _said(number: int) -> str:
    if number % 100 == 0:
        return f'{number:09d}.gone'
    return _uri(number) if number % 2 else f'{number:09d}.jpg'


if __name__ == '__main__':
    main()
