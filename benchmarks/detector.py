"""YuNet by ONNX Runtime against OpenCV's FaceDetectorYN: the same weights, photos of 640x480 and core; time, and how far the faces differ.

python -m benchmarks.detector [--images FOLDER] [--count N] [--rounds N]
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Iterator

import cv2
import numpy as np

from mien.transforms.detect import overlap
from mien.transforms.yunet import MOST, OVERLAP, YuNet, weights_path

from .arguments import repeated
from .compare import photos, print_ratio
from .throughput import HEIGHT, WIDTH, image

ONNX, OPENCV = 'YuNet, ONNX Runtime', 'FaceDetectorYN, OpenCV'
MIN_SCORE = 0.7
SAME = 0.5  # intersection over union from which two boxes are of one face

Detect = Callable[[np.ndarray], np.ndarray]


def main() -> None:
    said = repeated(__doc__, count=200, rounds=5).parse_args()
    os.sched_setaffinity(0, {0})
    cv2.setNumThreads(1)
    paths = photos(said.images)
    images = [cv2.imdecode(np.frombuffer(image(path), np.uint8), cv2.IMREAD_COLOR) for path in paths[: said.count]]
    detectors = {ONNX: YuNet(weights_path().read_bytes(), MIN_SCORE).rows, OPENCV: _opencv()}
    for detect in detectors.values():  # the first photo of a size is slower
        detect(images[0])
    rounds = [{name: _seconds(detect, images) for name, detect in detectors.items()} for _ in range(said.rounds)]
    print(f'{said.rounds} rounds, {len(images)} photos of {WIDTH}x{HEIGHT}, one core')
    for name in detectors:
        print(f'{name:40}{1000 * statistics.median(round_[name] for round_ in rounds) / len(images):8.2f} processor ms a photo')
    print_ratio('OpenCV / ONNX Runtime, processor', [round_[OPENCV] / round_[ONNX] for round_ in rounds])
    _print_differences([(detectors[ONNX](photo), detectors[OPENCV](photo)) for photo in images])


def _opencv() -> Detect:
    detector = cv2.FaceDetectorYN.create(str(weights_path()), '', (WIDTH, HEIGHT), MIN_SCORE, OVERLAP, MOST)

    def detect(photo: np.ndarray) -> np.ndarray:
        faces = detector.detect(photo)[1]
        return np.zeros((0, 15), np.float32) if faces is None else faces

    return detect


def _seconds(detect: Detect, images: list[np.ndarray]) -> float:
    started = time.process_time()
    for photo in images:
        detect(photo)
    return time.process_time() - started


def _print_differences(found: list[tuple[np.ndarray, np.ndarray]]) -> None:
    """Prints the largest differences between rows of faces: box, ten landmark coordinates, score."""
    pairs = [pair for rows, others in found for pair in _pairs(rows, others)]
    print(f'faces: {sum(len(rows) for rows, _ in found)} and {sum(len(rows) for _, rows in found)}, {len(pairs)} the same')
    if pairs:
        apart = np.abs([one - other for one, other in pairs]).max(axis=0)
        print(f'of these at most apart: boxes {apart[:4].max():.2g} pixels, landmarks {apart[4:14].max():.2g}, scores {apart[14]:.2g}')


def _pairs(rows: np.ndarray, others: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    for row in rows:
        overlaps = [overlap(row[:4], other[:4]) for other in others]
        if overlaps and max(overlaps) >= SAME:
            yield row, others[int(np.argmax(overlaps))]


if __name__ == '__main__':
    main()
