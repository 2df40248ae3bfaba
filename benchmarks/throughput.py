"""`mien label` against the bare loop on the same 640x480 JPEGs, per core, start-up taken out; and two workers against one.

python -m benchmarks.throughput [--images FOLDER] [--count N] [--rounds N]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import cv2

from mien.models.package import find
from mien.transforms.detect import working_size

from .arguments import repeated
from .compare import Folders, Round, fitted, make_images, mien_label, per_image, photos, print_ratio, print_speeds

WIDTH, HEIGHT = 640, 480
BARE, ONE, TWO = 'bare loop, one core', 'mien label, one worker, one core', 'mien label, two workers, two cores'
SMALLEST_FACE = 0.025  # of the longer side, as in the default config

Made = TypeVar('Made')


def main() -> None:
    said = repeated(__doc__, count=400, rounds=3).parse_args()
    rounds = run_rounds(said, _round)
    print(f'{said.rounds} rounds, {said.count} and {2 * said.count} images of {WIDTH}x{HEIGHT}, start-up taken out')
    print_speeds(rounds)
    print_ratio('mien label / bare loop, processor', [cost[BARE].processor / cost[ONE].processor for cost in rounds])
    print_ratio('mien label / bare loop, clock', [cost[BARE].clock / cost[ONE].clock for cost in rounds])
    print_ratio('two workers / one worker, clock', [cost[ONE].clock / cost[TWO].clock for cost in rounds])


def run_rounds(said: argparse.Namespace, run: Callable[[Folders, Path], Made]) -> list[Made]:
    """Makes the images that a benchmark's options ask for and runs each of its rounds over them; the path is a scratch folder."""
    paths = photos(said.images)
    with tempfile.TemporaryDirectory() as scratch:
        folders = make_images(Path(scratch), said.count, lambda index: image(paths[index % len(paths)]))
        return [run(folders, Path(scratch)) for _ in range(said.rounds)]


def bare_loop(folder: Path) -> list[str]:
    """The command of the bare loop at the working size of the default config."""
    package = find('default')
    size = working_size(SMALLEST_FACE)
    return [sys.executable, '-m', 'benchmarks.bare_loop', str(folder), str(package.export_path), str(size), str(package.crop.size)]


def _round(folders: Folders, scratch: Path) -> Round:
    """What an image costs: the bare loop and `mien label` on one core, `mien label` on two."""
    return {
        BARE: per_image(folders, bare_loop, {0}),
        ONE: per_image(folders, lambda folder: mien_label(folder, scratch), {0}),
        TWO: per_image(folders, lambda folder: mien_label(folder, scratch, 2), {0, 1}),
    }


def image(path: Path) -> bytes:
    """A photo as a JPEG of the size that is measured."""
    return cv2.imencode('.jpg', fitted(cv2.imread(str(path)), WIDTH, HEIGHT))[1].tobytes()


if __name__ == '__main__':
    main()
