"""Photos of 12 megapixels: `mien label` against the bare loop that decodes them in full, and whether decoding in part costs faces.

    python -m benchmarks.large [--images FOLDER] [--count N] [--rounds N]

The bound is what scaled decoding can gain: time to decode, shrink and detect from the full photo over the same from the coarsest
decoding that is no smaller than the working size, both with the bare loop's detector. Then the faces, landmarks and labels of each
photo are compared with those of the same pixels stored as PNG, which are always decoded in full.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np

from mien.models.interpreter import Labeller
from mien.models.package import find
from mien.transforms.detect import FaceDetector, overlap, working_size
from mien.transforms.extract import Extracted, Extraction, extract
from mien.transforms.yunet import weights_path

from .arguments import repeated
from .compare import Folders, Round, fitted, make_images, mien_label, per_image, photos, print_ratio, print_speeds
from .throughput import SMALLEST_FACE, bare_loop

WIDTH, HEIGHT, GRAIN = 4000, 3000, 3.0  # grey levels of noise, as a sensor's: an enlarged photo alone would be too easy to decode
BARE, MIEN = 'bare loop, one core', 'mien label, one worker, one core'
SIDE = working_size(SMALLEST_FACE)


def main() -> None:
    said = _arguments()
    paths = photos(said.images)
    with tempfile.TemporaryDirectory() as scratch:
        images = [image(path, seed) for seed, path in enumerate(paths[: said.different])]
        folders = make_images(Path(scratch), said.count, lambda index: images[index % len(images)])
        rounds = [_round(folders, Path(scratch)) for _ in range(said.rounds)]
        bounds = [_bound(images) for _ in range(said.rounds)]
    print(f'{said.rounds} rounds, {said.count} and {2 * said.count} JPEGs of {WIDTH}x{HEIGHT}, start-up taken out')
    print_speeds(rounds)
    ratios = [cost[BARE].processor / cost[MIEN].processor for cost in rounds]
    print_ratio('mien label / bare loop, processor', ratios)
    print_ratio('mien label / bare loop, clock', [cost[BARE].clock / cost[MIEN].clock for cost in rounds])
    print_ratio('bound: full / scaled decoding', bounds)
    print_ratio('mien label / bare loop / bound', [ratio / bound for ratio, bound in zip(ratios, bounds, strict=True)])
    _compare_faces(images)


def _round(folders: Folders, scratch: Path) -> Round:
    return {BARE: per_image(folders, bare_loop, {0}), MIEN: per_image(folders, lambda folder: mien_label(folder, scratch), {0})}


def _bound(images: list[bytes]) -> float:
    detector = cv2.FaceDetectorYN.create(str(weights_path()), '', (SIDE, SIDE), 0.7, 0.3, 5000)
    cv2.setNumThreads(1)
    return _seconds(images, detector, cv2.IMREAD_COLOR) / _seconds(images, detector, cv2.IMREAD_REDUCED_COLOR_4)


def _seconds(images: list[bytes], detector: cv2.FaceDetectorYN, flags: int) -> float:
    started = time.process_time()
    for data in images:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
        small = cv2.resize(image, (SIDE, SIDE * HEIGHT // WIDTH), interpolation=cv2.INTER_AREA)
        detector.setInputSize((small.shape[1], small.shape[0]))
        detector.detect(small)
    return time.process_time() - started


def _compare_faces(images: list[bytes]) -> None:
    """Prints how far the faces of JPEGs that are decoded in part are those of all their pixels."""
    package = find('default')
    how = Extraction(package.crop, SMALLEST_FACE, 0.7, 1 << 30, False)
    detector, labeller = FaceDetector(SMALLEST_FACE, 0.7), Labeller(package.export_path.read_bytes())
    matched, errors, same, some_faces, all_faces = 0, [], 0, 0, 0
    for data in images:
        some, full = extract(data, how, detector), extract(_as_png(data), how, detector)
        some_faces, all_faces = some_faces + len(some.faces), all_faces + len(full.faces)
        labels, expected = (labeller.predict(found.crops).argmax(1) if found.faces else [] for found in (some, full))
        for at, other in _pairs(some, full):
            matched += 1
            errors.append(_error(some.faces[at].landmarks, full.faces[other].landmarks))
            same += int(labels[at] == expected[other])
    print(f'faces: {some_faces} decoded in part, {all_faces} decoded in full, {matched} the same (intersection over union at least 0.5)')
    print(f'landmarks of these: apart by {np.median(errors):.2%} of the eye distance (median), {np.percentile(errors, 95):.2%} (95%)')
    print(f'labels of these: {same / max(1, matched):.2%} equal')


def _pairs(some: Extracted, full: Extracted) -> list[tuple[int, int]]:
    pairs = []
    for at, face in enumerate(some.faces):
        overlaps = [overlap(np.array(face.box), np.array(other.box)) for other in full.faces]
        if overlaps and max(overlaps) >= 0.5:
            pairs.append((at, int(np.argmax(overlaps))))
    return pairs


def _error(one: tuple[float, ...] | None, other: tuple[float, ...] | None) -> float:
    points, expected = (np.array(landmarks).reshape(5, 2) for landmarks in (one, other))
    return float(np.linalg.norm(points - expected, axis=1).mean() / np.linalg.norm(expected[0] - expected[1]))


def _as_png(data: bytes) -> bytes:
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    return cv2.imencode('.png', image, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1].tobytes()


def image(path: Path, seed: int) -> bytes:
    """A photo enlarged to a JPEG of 12 megapixels, with grain."""
    pixels = fitted(cv2.imread(str(path)), WIDTH, HEIGHT).astype(np.float32)
    pixels += np.random.default_rng(seed).normal(0, GRAIN, pixels.shape).astype(np.float32)
    return cv2.imencode('.jpg', np.clip(pixels, 0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes()


def _arguments() -> argparse.Namespace:
    parser = repeated(__doc__, count=60, rounds=3)
    parser.add_argument('--different', type=int, default=20, help='photos that are not copies')
    return parser.parse_args()


if __name__ == '__main__':
    main()
