"""What the child process costs that meets the photos: `extract` in this process against `IsolatedExtractor`, all on one core.

    python -m benchmarks.isolation [--images FOLDER] [--count N] [--rounds N]

Rounds are short and many, and the two ways take turns, since a machine's speed drifts by more than what is measured. Processor seconds are
those of both processes. A ratio of 1 means that isolation costs nothing.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2

from mien.models.package import find
from mien.transforms.detect import FaceDetector
from mien.transforms.extract import Extraction, extract
from mien.transforms.isolate import AT_ONCE, Asked, IsolatedExtractor, Limits

from . import large, throughput
from .arguments import repeated
from .compare import Cost, fitted, photos, print_ratio
from .throughput import SMALLEST_FACE
from .tree import descendants

SIDE = 48  # pixels of a cropped face
HOW = Extraction(find('default').crop, SMALLEST_FACE, 0.7, 1 << 30, False)
LIMITS = Limits(20.0, 4 << 30)


def main() -> None:
    said = repeated(__doc__, count=20, rounds=60).parse_args()
    os.sched_setaffinity(0, {0})  # the child's too
    paths = photos(said.images)
    some = [paths[number % len(paths)] for number in range(said.count)]
    print(f'{said.rounds} rounds on one core')
    _compare('photos of 640x480', [throughput.image(path) for path in some], HOW, said.rounds)
    _compare('crops of 48x48, whole image', [_crop(index) for index in some], replace(HOW, whole_image=True), said.rounds)
    _compare('one photo of 12 megapixels', [large.image(paths[0], seed=0)] * max(1, said.count // 5), HOW, said.rounds)


def _compare(name: str, images: list[bytes], how: Extraction, rounds: int) -> None:
    detector, extractor = FaceDetector(how.smallest_face, how.min_score), IsolatedExtractor(how, LIMITS)
    ways = [lambda some: [extract(data, how, detector) for data in some], lambda some: _isolated(extractor, some)]
    for way in ways:  # imports, first sizes
        way(images)
    costs = [[_cost(way, images) for way in ways] for _ in range(rounds)]
    extractor.close()
    here, there = (1e6 * statistics.median(pair[at].clock for pair in costs) / len(images) for at in (0, 1))
    print(f'{name}: {here:.0f} microseconds each here, {there:.0f} isolated')
    print_ratio('  isolated / here, images a second', [here.clock / there.clock for here, there in costs])
    print_ratio('  isolated / here, per processor second', [here.processor / there.processor for here, there in costs])


def _isolated(extractor: IsolatedExtractor, images: list[bytes]) -> None:
    """As many at once as the pipeline sends."""
    for start in range(0, len(images), AT_ONCE):
        extractor.extract_all([Asked(data) for data in images[start : start + AT_ONCE]])


def _cost(way: Callable[[list[bytes]], object], images: list[bytes]) -> Cost:
    clock, processor = time.perf_counter(), _processor_seconds()
    way(images)
    return Cost(time.perf_counter() - clock, _processor_seconds() - processor)


def _processor_seconds() -> float:
    """Of this process and its children so far; the clock of a process by its number is that of clock_getcpuclockid(3)."""
    return sum(time.clock_gettime((~pid << 3) | 2) for pid in descendants(os.getpid()))


def _crop(path: Path) -> bytes:
    return cv2.imencode('.png', fitted(cv2.imread(str(path)), SIDE, SIDE))[1].tobytes()


if __name__ == '__main__':
    main()
