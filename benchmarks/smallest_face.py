"""How small a face the detector finds: real photos shrunk step by step, each face judged by its size at that step.

    python -m benchmarks.smallest_face PHOTOS

What is found in a photo at its full size is taken as true; a face is found again when a box overlaps it by 0.3. Prints the share found
again by the face's longer side in pixels at the working size, and as a share of the longer side at the default working size.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from pathlib import Path

import cv2
import numpy as np

from mien.transforms.detect import FaceDetector, overlap
from mien.transforms.photo import Photo

EDGES = (6, 8, 10, 12, 14, 16, 20, 24, 32, 48)  # pixels
STEP = 0.9  # from one size of a photo to the next
WORKING_SIZE = 640  # pixels
SURE = 0.9  # score from which a full-size face counts as true


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('photos', metavar='PHOTOS', help='folder of photos of groups, .jpg or .png')
    folder = parser.parse_args().photos
    detector = FaceDetector(0.002, 0.7)
    found: dict[int, list[bool]] = defaultdict(list)
    for path in sorted(path for path in Path(folder).rglob('*') if path.suffix.lower() in ('.jpg', '.jpeg', '.png')):
        for size, again in _shrunk(cv2.imread(str(path)), detector):
            found[int(np.searchsorted(EDGES, size, 'right'))].append(again)
    if not found:
        parser.error(f'{folder!r} holds no photo with a face that is found for sure')
    for bin_index in range(1, len(EDGES)):
        low, high = EDGES[bin_index - 1 : bin_index + 1]
        share, number = np.mean(found[bin_index]), len(found[bin_index])
        print(f'{low:3d} to {high:2d} pixels, from {low / WORKING_SIZE:.4f} of the longer side: {share:6.1%} of {number} found')


def _shrunk(image: np.ndarray, detector: FaceDetector) -> list[tuple[float, bool]]:
    """(size in pixels, found again) of each face at each size of the photo."""
    full = detector.detect(Photo.of_image(image))
    boxes, seen = full.boxes[full.scores >= SURE], []
    scale = EDGES[-1] / max((max(box[2:]) for box in boxes), default=1)
    while boxes.size and scale * max(max(box[2:]) for box in boxes) >= EDGES[0]:
        small = cv2.resize(image, None, fx=min(1, scale), fy=min(1, scale), interpolation=cv2.INTER_AREA)
        again = detector.detect(Photo.of_image(small)).boxes / min(1, scale)
        seen += [(max(box[2:]) * min(1, scale), any(overlap(other, box) >= 0.3 for other in again)) for box in boxes]
        scale *= STEP
    return seen


if __name__ == '__main__':
    main()
