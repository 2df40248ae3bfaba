"""Where the five landmarks lie in face crops that were made elsewhere: their template for `transforms.align`.

    python -m benchmarks.template FOLDER [--count N]

A model that was trained on such crops should label faces that are cut like them. Prints the median place of each landmark as a share of
the crop's side, over N crops taken by the hash of their path.
"""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path

import cv2
import numpy as np

from mien.transforms.detect import FaceDetector
from mien.transforms.photo import Photo

SIDE, BORDER = 192, 64  # pixels: crops are enlarged and given a border, as YuNet wants to see around a face


def main() -> None:
    said = _arguments()
    detector = FaceDetector(0.025, 0.7)
    paths = sorted(Path(said.folder).rglob('*.png'), key=lambda path: hashlib.sha256(path.name.encode()).digest())[: said.count]
    found = [places for path in paths if (places := _places(path, detector)) is not None]
    print(f'{len(found)} of {len(paths)} crops')
    print(np.array2string(np.median(found, axis=0), precision=4, separator=', '))
    print('median absolute deviation:', np.median(np.abs(found - np.median(found, axis=0)), axis=0).mean().round(4))


def _places(path: Path, detector: FaceDetector) -> np.ndarray | None:
    crop = cv2.resize(cv2.imread(str(path)), (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    found = detector.detect(Photo.of_image(cv2.copyMakeBorder(crop, BORDER, BORDER, BORDER, BORDER, cv2.BORDER_REPLICATE)))
    return (found.landmarks[0] - BORDER) / SIDE if len(found.scores) else None


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('folder', help='folder of square face crops (PNG)')
    parser.add_argument('--count', type=int, default=2000)
    return parser.parse_args()


if __name__ == '__main__':
    main()
