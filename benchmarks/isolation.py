"""What the child process costs that meets the photos: `mien label` with it and without it, one worker on one core, start-up taken out.

    python -m benchmarks.isolation [--images FOLDER] [--count N] [--rounds N]

Both ways take turns. A ratio of 1 means that isolation costs nothing.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import cv2

from . import large, throughput
from .arguments import repeated
from .compare import Folders, Round, fitted, make_images, mien_label, per_image, photos, print_ratio, print_speeds

HERE, ISOLATED = 'in the worker', 'in its child'
SIDE = 48  # pixels of a cropped face
LARGE = 10  # times as few photos of 12 megapixels, and times as many cropped faces


def main() -> None:
    said = repeated(__doc__, count=400, rounds=5).parse_args()
    paths = photos(said.images)
    some = large.image(paths[0], seed=0)
    _compare('640x480', said.count, lambda index: throughput.image(paths[index % len(paths)]), said.rounds)
    _compare('12 megapixels', max(1, said.count // LARGE), lambda index: some, said.rounds)
    _compare('48x48, whole image', said.count * LARGE, lambda index: _crop(paths[index % len(paths)]), said.rounds, '--whole-image')


def _compare(name: str, count: int, image: Callable[[int], bytes], rounds: int, *words: str) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folders = make_images(Path(scratch), count, image)
        costs = [_round(folders, Path(scratch), words) for _ in range(rounds)]
    print(f'{name}: {rounds} rounds, {count} and {2 * count} images')
    print_speeds(costs)
    print_ratio('isolated / in the worker, processor', [cost[HERE].processor / cost[ISOLATED].processor for cost in costs])
    print_ratio('isolated / in the worker, clock', [cost[HERE].clock / cost[ISOLATED].clock for cost in costs])


def _round(folders: Folders, scratch: Path, words: tuple[str, ...]) -> Round:
    return {
        HERE: per_image(folders, lambda folder: _in_process(mien_label(folder, scratch, 1, *words)), {0}),
        ISOLATED: per_image(folders, lambda folder: mien_label(folder, scratch, 1, *words), {0}),
    }


def _in_process(words: list[str]) -> list[str]:
    return [word.replace('mien.pipelines.cli', 'benchmarks.in_process') for word in words]


def _crop(path: Path) -> bytes:
    return cv2.imencode('.jpg', fitted(cv2.imread(str(path)), SIDE, SIDE))[1].tobytes()


if __name__ == '__main__':
    main()
