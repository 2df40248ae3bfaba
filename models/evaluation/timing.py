"""How fast an export is, on one thread of the process that asks.

An export is opened by the clock; its calls are counted in processor seconds, which on one thread are the same on a quiet machine, and do
not grow where others compute beside it.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

BATCH = 256
WARM_UP = 5  # calls that are not counted: the first ones allocate
LOADS = 3
SECONDS = 1.0  # for which calls are repeated


@dataclass(frozen=True)
class Times:
    """Medians.

    Attributes:
        load: seconds to open the export and label one face.
        latency: processor seconds for one face.
        faces_per_second: in batches of 256, by processor seconds.
    """

    load: float
    latency: float
    faces_per_second: float


def times(opened: Callable[[], Callable[[np.ndarray], np.ndarray]], faces: np.ndarray) -> Times:
    """Measures an export.

    Args:
        opened: opens it and gives what predicts: uint8 (n, size, size, channels) to float32 (n, k).
        faces: uint8 (n, size, size, channels), n at least 1; repeated until there are enough.
    """
    batch = np.resize(faces, (BATCH, *faces.shape[1:]))
    load = statistics.median(_seconds(lambda: opened()(batch[:1]), time.perf_counter) for _ in range(LOADS))
    predict = opened()
    for _ in range(WARM_UP):
        predict(batch[:1])
    return Times(load, _median(lambda: predict(batch[:1])), BATCH / _median(lambda: predict(batch)))


def _median(call: Callable[[], object]) -> float:
    """Median processor seconds of a call that is repeated for a while."""
    taken, ends = [_seconds(call, time.process_time)], time.perf_counter() + SECONDS
    while time.perf_counter() < ends:
        taken.append(_seconds(call, time.process_time))
    return statistics.median(taken)


def _seconds(call: Callable[[], object], clock: Callable[[], float]) -> float:
    began = clock()
    call()
    return clock() - began
