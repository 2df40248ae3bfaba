"""Compares commands by what one more image costs: each runs on N and on 2N images, so that start-up drops out.

Rounds are compared one by one, because a machine's speed drifts, in processor seconds, which a neighbour on the machine disturbs
less, and in seconds on the clock.
"""

from __future__ import annotations

import os
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

from mien.pipelines.demo import FACES, package_folder


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


Round = dict[str, Cost]


def photos(folder: str | None) -> list[Path]:
    """The photos of a folder, else the portraits that installed packages carry."""
    if folder is None:
        return [package_folder(package) / name for package, names in FACES.items() for name in names]
    paths = sorted(path for path in Path(folder).rglob('*') if path.suffix.lower() in ('.jpg', '.jpeg', '.png'))
    if not paths:
        raise SystemExit(f'{folder}: no photos; say --images FOLDER')
    return paths


def make_images(scratch: Path, count: int, image: Callable[[int], bytes], suffix: str = '.jpg') -> Folders:
    """N and 2N files, each made from its number."""
    folders = Folders(scratch / 'some', scratch / 'twice', count)
    for folder, number in ((folders.some, count), (folders.twice, 2 * count)):
        folder.mkdir()
        for index in range(number):
            (folder / f'{index:06d}{suffix}').write_bytes(image(index))
    return folders


def fitted(image: np.ndarray, width: int, height: int) -> np.ndarray:
    """An image fitted into a size, its edges repeated."""
    scale = min(width / image.shape[1], height / image.shape[0])
    size = (min(width, round(image.shape[1] * scale)), min(height, round(image.shape[0] * scale)))
    image = cv2.resize(image, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    across, down = width - image.shape[1], height - image.shape[0]
    return cv2.copyMakeBorder(image, down // 2, down - down // 2, across // 2, across - across // 2, cv2.BORDER_REPLICATE)


def per_image(folders: Folders, command: Callable[[Path], list[str]], cores: set[int]) -> Cost:
    """What one more image costs."""
    twice, once = cost(command(folders.twice), cores), cost(command(folders.some), cores)
    return Cost((twice.clock - once.clock) / folders.count, (twice.processor - once.processor) / folders.count)


def cost(words: list[str], cores: set[int]) -> Cost:
    """What a command costs, with the processes that it starts and waits for."""
    started = time.perf_counter()
    process = subprocess.Popen(
        words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=lambda: os.sched_setaffinity(0, cores)
    )
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f'failed: {" ".join(words)}')
    return Cost(time.perf_counter() - started, used.ru_utime + used.ru_stime)


def mien_label(folder: Path, scratch: Path, workers: int = 1, *more: str, shards: int = 16) -> list[str]:
    """`mien label` into a folder of its own; sixteen shards, so that two workers have equal shares."""
    return label_command(folder, Path(tempfile.mkdtemp(dir=scratch)), '--workers', str(workers), '--shards', str(shards), *more)


def label_command(folder: Path, out: Path, *more: str) -> list[str]:
    """`mien label`."""
    return [sys.executable, '-m', 'mien.pipelines.cli', 'label', str(folder), '--out', str(out), *more]


def print_speeds(rounds: list[Round]) -> None:
    """Prints the median speed of each command."""
    for name in rounds[0]:
        clock, processor = (statistics.median(1 / getattr(round_[name], field) for round_ in rounds) for field in ('clock', 'processor'))
        print(f'{name:40}{clock:8.1f} images/s {processor:8.1f} images per processor second')


def print_ratio(name: str, ratios: list[float]) -> None:
    """Prints the median of ratios that were taken round by round."""
    print(f'{name:40}{statistics.median(ratios):8.2f} (from {min(ratios):.2f} to {max(ratios):.2f})')
