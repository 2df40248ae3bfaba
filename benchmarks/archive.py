"""Archives of many small photos, made fast, each different in its bytes, and what `mien label` over one of them costs."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from .compare import label_command
from .tree import Usage, measure

DIFFERENT = 2000  # photos of different pixels; beyond that, files differ by a comment
IN_FOLDER = 1000
QUALITY = 85
HOUR = 3600  # seconds
TRIM = 0.1  # of a photo's sides that may be cut off


def make_archive(folder: Path, paths: Sequence[Path], count: int, side: int) -> None:
    """Fills a folder with JPEGs of `side` x `side` pixels, a thousand in each folder below it."""
    images = [small_photo(paths[number % len(paths)], number, side) for number in range(min(count, DIFFERENT))]
    for number in range(count):
        below = folder / f'{number // IN_FOLDER:04d}'
        if number % IN_FOLDER == 0:
            below.mkdir(parents=True)
        (below / f'{number:07d}.jpg').write_bytes(numbered(images[number % len(images)], number))


def small_photo(path: Path, seed: int, side: int) -> bytes:
    """A photo as a JPEG of `side` x `side` pixels; each seed trims its edges in another way."""
    image = cv2.imread(str(path))
    top, bottom, left, right = np.random.default_rng(seed).uniform(0, TRIM, 4)
    height, width = image.shape[:2]
    image = image[int(top * height) : height - int(bottom * height), int(left * width) : width - int(right * width)]
    small = cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA)
    return cv2.imencode('.jpg', small, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()


def numbered(jpeg: bytes, number: int) -> bytes:
    """The same JPEG with a number in a comment segment (ITU-T T.81, B.2.4.5)."""
    comment = number.to_bytes(8, 'big')
    return jpeg[:2] + b'\xff\xfe' + (2 + len(comment)).to_bytes(2, 'big') + comment + jpeg[2:]


def make_old(path: Path, seconds: int) -> None:
    """Has a file be so old: what changed a moment ago is looked at again."""
    then = time.time() - seconds
    os.utime(path, (then, then))


def label(folder: Path, out: Path, *more: str) -> Usage:
    """What `mien label` of a folder costs, start-up and all."""
    return measure(label_command(folder, out, *more))


def startup(scratch: Path, path: Path, side: int, *more: str) -> Usage:
    """What `mien label` of one small photo costs: the cheapest of three runs, after one that warms the disk."""
    tiny = scratch / 'tiny'
    make_archive(tiny, [path], 1, side)
    runs = [label(tiny, scratch / f'tiny-{number}', *more) for number in range(4)]
    return min(runs[1:], key=lambda run: run.processor_seconds)
