"""`mien label` against the bare loop on the same 640x480 JPEGs, per core, start-up taken out.

    python -m benchmarks.throughput [--images FOLDER] [--count N] [--rounds N]

Each round runs both on N and on 2N images, one after the other on the same core; the time for an image is the difference over N.
Rounds are compared one by one, because a machine's speed drifts, in processor seconds, which a neighbour on the machine disturbs
less, and in seconds on the clock. With two workers on two cores, `mien label` is compared with itself, on the clock.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from mien.models.package import find
from mien.pipelines.demo import FACES, package_folder
from mien.transforms.detect import working_size

WIDTH, HEIGHT = 640, 480
BARE, ONE, TWO = 'bare loop, one core', 'mien label, one worker, one core', 'mien label, two workers, two cores'
SMALLEST_FACE = 0.025  # of the longer side, as in the default config


@dataclass(frozen=True)
class Cost:
    """Seconds on the clock, and of the processor."""

    clock: float
    processor: float


@dataclass(frozen=True)
class Folders:
    """The same kind of images, N and 2N of them."""

    some: Path
    twice: Path
    count: int


def main() -> None:
    said = _arguments()
    with tempfile.TemporaryDirectory() as scratch:
        folders = make_images(photos(said.images), Path(scratch), said.count)
        rounds = [one_round(folders, Path(scratch)) for _ in range(said.rounds)]
    report(rounds, said.count)


def photos(folder: str | None) -> list[Path]:
    """The photos of a folder, else the portraits that installed packages carry."""
    if folder is None:
        return [package_folder(package) / name for package, names in FACES.items() for name in names]
    paths = sorted(path for path in Path(folder).rglob('*') if path.suffix.lower() in ('.jpg', '.jpeg', '.png'))
    if not paths:
        raise SystemExit(f'{folder}: no photos; say --images FOLDER')
    return paths


def make_images(paths: list[Path], scratch: Path, count: int) -> Folders:
    """N and 2N photos of 640x480: each photo fitted in, its edges repeated."""
    folders = Folders(scratch / 'some', scratch / 'twice', count)
    for folder, number in ((folders.some, count), (folders.twice, 2 * count)):
        folder.mkdir()
        for index in range(number):
            cv2.imwrite(str(folder / f'{index:06d}.jpg'), _fitted(cv2.imread(str(paths[index % len(paths)]))))
    return folders


def one_round(folders: Folders, scratch: Path) -> dict[str, Cost]:
    """What an image costs: the bare loop and `mien label` on one core, `mien label` on two."""
    return {
        BARE: _per_image(folders, _bare, {0}),
        ONE: _per_image(folders, lambda folder: _mien(folder, scratch, 1), {0}),
        TWO: _per_image(folders, lambda folder: _mien(folder, scratch, 2), {0, 1}),
    }


def report(rounds: list[dict[str, Cost]], count: int) -> None:
    """Prints medians over the rounds, and ratios taken round by round."""
    print(f'{len(rounds)} rounds, {count} and {2 * count} images of {WIDTH}x{HEIGHT}, start-up taken out')
    for name in rounds[0]:
        clock, processor = (statistics.median(1 / getattr(cost[name], field) for cost in rounds) for field in ('clock', 'processor'))
        print(f'{name:36}{clock:8.1f} images/s {processor:8.1f} images per processor second')
    _ratio('mien label / bare loop, processor', [cost[BARE].processor / cost[ONE].processor for cost in rounds])
    _ratio('mien label / bare loop, clock', [cost[BARE].clock / cost[ONE].clock for cost in rounds])
    _ratio('two workers / one worker, clock', [cost[ONE].clock / cost[TWO].clock for cost in rounds])
    print(f'peak memory of one process: {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024:.0f} MB')


def _ratio(name: str, ratios: list[float]) -> None:
    print(f'{name:36}{statistics.median(ratios):8.2f} (from {min(ratios):.2f} to {max(ratios):.2f})')


def _per_image(folders: Folders, command: Callable[[Path], list[str]], cores: set[int]) -> Cost:
    twice, once = _cost(command(folders.twice), cores), _cost(command(folders.some), cores)
    return Cost((twice.clock - once.clock) / folders.count, (twice.processor - once.processor) / folders.count)


def _cost(words: list[str], cores: set[int]) -> Cost:
    started = time.perf_counter()
    process = subprocess.Popen(
        words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=lambda: os.sched_setaffinity(0, cores)
    )
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f'failed: {" ".join(words)}')
    return Cost(time.perf_counter() - started, used.ru_utime + used.ru_stime)


def _bare(folder: Path) -> list[str]:
    package = find('default')
    size = working_size(SMALLEST_FACE)
    return [sys.executable, '-m', 'benchmarks.bare_loop', str(folder), str(package.export_path), str(size), str(package.crop.size)]


def _mien(folder: Path, scratch: Path, workers: int) -> list[str]:
    out = tempfile.mkdtemp(dir=scratch)
    shards = '16'  # so that two workers have equal shares
    return [sys.executable, '-m', 'mien.pipelines.cli', 'label', str(folder), '--out', out, '--workers', str(workers), '--shards', shards]


def _fitted(image: np.ndarray) -> np.ndarray:
    scale = min(WIDTH / image.shape[1], HEIGHT / image.shape[0])
    image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    across, down = WIDTH - image.shape[1], HEIGHT - image.shape[0]
    return cv2.copyMakeBorder(image, down // 2, down - down // 2, across // 2, across - across // 2, cv2.BORDER_REPLICATE)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--images', help='folder of photos to make the images from; default: portraits that installed packages carry')
    parser.add_argument('--count', type=int, default=400)
    parser.add_argument('--rounds', type=int, default=3)
    return parser.parse_args()


if __name__ == '__main__':
    main()
