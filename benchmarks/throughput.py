"""`mien label` against the bare loop on the same 640x480 JPEGs, per core, start-up taken out; and two workers against one.

python -m benchmarks.throughput [--images FOLDER] [--count N] [--rounds N]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import cv2

from mien.models.package import find
from mien.transforms.detect import working_size

from .compare import Folders, Round, fitted, make_images, mien_label, per_image, photos, print_ratio, print_speeds

WIDTH, HEIGHT = 640, 480
BARE, ONE, TWO = 'bare loop, one core', 'mien label, one worker, one core', 'mien label, two workers, two cores'
SMALLEST_FACE = 0.025  # of the longer side, as in the default config


def main() -> None:
    said = _arguments()
    paths = photos(said.images)
    with tempfile.TemporaryDirectory() as scratch:
        folders = make_images(Path(scratch), said.count, lambda index: _image(paths[index % len(paths)]))
        rounds = [_round(folders, Path(scratch)) for _ in range(said.rounds)]
    print(f'{said.rounds} rounds, {said.count} and {2 * said.count} images of {WIDTH}x{HEIGHT}, start-up taken out')
    print_speeds(rounds)
    print_ratio('mien label / bare loop, processor', [cost[BARE].processor / cost[ONE].processor for cost in rounds])
    print_ratio('mien label / bare loop, clock', [cost[BARE].clock / cost[ONE].clock for cost in rounds])
    print_ratio('two workers / one worker, clock', [cost[ONE].clock / cost[TWO].clock for cost in rounds])


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


def _image(path: Path) -> bytes:
    return cv2.imencode('.jpg', fitted(cv2.imread(str(path)), WIDTH, HEIGHT))[1].tobytes()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--images', help='folder of photos to make the images from; default: portraits that installed packages carry')
    parser.add_argument('--count', type=int, default=400)
    parser.add_argument('--rounds', type=int, default=3)
    return parser.parse_args()


if __name__ == '__main__':
    main()
