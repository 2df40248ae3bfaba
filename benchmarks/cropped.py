"""`mien label --whole-image` on faces that are cropped already, against a loop that runs the model in batches of 256; start-up taken out.

python -m benchmarks.cropped --images FOLDER [--count N] [--rounds N]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from mien.models.package import find

from .compare import Folders, Round, make_images, mien_label, per_image, photos, print_ratio, print_speeds

LOOP, MIEN = 'loop, batches of 256, one core', 'mien label --whole-image, one core'


def main() -> None:
    said = _arguments()
    paths = photos(said.images)
    with tempfile.TemporaryDirectory() as scratch:
        folders = make_images(Path(scratch), said.count, lambda index: paths[index % len(paths)].read_bytes(), '.png')
        rounds = [_round(folders, Path(scratch)) for _ in range(said.rounds)]
    print(f'{said.rounds} rounds, {said.count} and {2 * said.count} faces, start-up taken out')
    print_speeds(rounds)
    print_ratio('mien label / loop, processor', [cost[LOOP].processor / cost[MIEN].processor for cost in rounds])
    print_ratio('mien label / loop, clock', [cost[LOOP].clock / cost[MIEN].clock for cost in rounds])


def _round(folders: Folders, scratch: Path) -> Round:
    return {
        LOOP: per_image(folders, _loop, {0}),
        MIEN: per_image(folders, lambda folder: mien_label(folder, scratch, 1, '--whole-image'), {0}),
    }


def _loop(folder: Path) -> list[str]:
    package = find('default')
    return [sys.executable, '-m', 'benchmarks.batch_loop', str(folder), str(package.export_path), str(package.crop.size)]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--images', required=True, help='folder of cropped faces (PNG)')
    parser.add_argument('--count', type=int, default=3000)
    parser.add_argument('--rounds', type=int, default=3)
    return parser.parse_args()


if __name__ == '__main__':
    main()
