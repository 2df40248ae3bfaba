"""Says how far a job is, from its finished shards and what unfinished ones report."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ..storage.files import read_each
from ..storage.path import AnyPath, is_stored
from ..transforms.parts import Marker, marker_path, to_marker
from ..transforms.records import READ
from ..transforms.write import progress_path
from .plan import Plan

TERMINAL_EVERY, STORE_EVERY, LINES_EVERY = 0.5, 3.0, 10.0  # seconds between two words


@dataclass(frozen=True)
class Count:
    """Photos done, faces found in them, photos that failed."""

    images: int = 0
    faces: int = 0
    failures: int = 0

    def __add__(self, other: Count) -> Count:
        return Count(self.images + other.images, self.faces + other.faces, self.failures + other.failures)


class Counter:
    """Counts what is done; a finished shard is read once."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._finished = Count()
        self._open = set(range(plan.shards))

    def count(self) -> Count:
        """What is done so far."""
        for shard, data in self._said(marker_path):
            self._finished += _finished(to_marker(data))
            self._open.remove(shard)
        return sum((Count(**json.loads(data)) for _, data in self._said(progress_path)), self._finished)

    def _said(self, path: Callable[[str, int], AnyPath]) -> list[tuple[int, bytes]]:
        """What open shards have at a path."""
        there = {int(one.stem) for one in path(self._plan.folder, 0).parent.glob('*.json')}  # most shards say nothing
        shards = sorted(there & self._open)
        found = zip(shards, read_each(path(self._plan.folder, shard) for shard in shards), strict=True)
        return [(shard, data) for shard, data in found if data is not None]


@contextmanager
def shown(plan: Plan) -> Iterator[None]:
    """Shows progress while the body runs: one line that changes on a terminal, else a line now and then."""
    stop = threading.Event()
    thread = threading.Thread(target=_watch, args=(plan, stop), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def line(done: Count, before: Count, inputs: int, seconds: float) -> str:
    """One progress line; the speed counts what this run did."""
    speed = (done.images - before.images) / max(seconds, 1e-9)
    left = f'{(inputs - done.images) / speed:.0f} s left' if speed > 0 else 'time left unknown'
    return f'{done.images}/{inputs} images, {done.faces} faces, {done.failures} failures, {speed:.0f} images/s, {left}'


def _watch(plan: Plan, stop: threading.Event) -> None:
    terminal = sys.stderr.isatty()
    counter, started = Counter(plan), time.monotonic()
    every = LINES_EVERY if not terminal else STORE_EVERY if is_stored(plan.folder) else TERMINAL_EVERY
    before = _counted(counter)
    while not stop.wait(every):
        done = _counted(counter)
        before = before or done
        if done is None or before is None:
            continue
        said = line(done, before, plan.inputs, time.monotonic() - started)
        print(f'\r\x1b[K{said}' if terminal else said, end='' if terminal else '\n', file=sys.stderr, flush=True)
    if terminal:
        print('\r\x1b[K', end='', file=sys.stderr, flush=True)


def _counted(counter: Counter) -> Count | None:
    """What is done; None where the store does not answer right now, which those say who need it."""
    try:
        return counter.count()
    except OSError:
        return None


def _finished(marker: Marker) -> Count:
    failures = sum(number for status, number in marker.statuses.items() if status not in READ)
    return Count(marker.rows['images'], marker.rows['faces'], failures)
