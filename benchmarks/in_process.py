"""`mien` without the child process that meets the photos: they are decoded in the worker itself. For `benchmarks.isolation` alone.

python -m benchmarks.in_process label ...
"""

from __future__ import annotations

import sys

from mien.pipelines.cli import main
from mien.transforms import extract_faces
from mien.transforms.decode import silence
from mien.transforms.detect import FaceDetector
from mien.transforms.extract import Extracted, Extraction, extract
from mien.transforms.isolate import Limits
from mien.transforms.records import Face


class Extractor:
    """Has the face of `IsolatedExtractor` and no limits."""

    def __init__(self, how: Extraction, limits: Limits) -> None:
        silence()
        self._how, self._detector = how, FaceDetector(how.smallest_face, how.min_score)

    def extract(self, data: bytes, known: tuple[Face, ...] | None = None) -> Extracted:
        return extract(data, self._how, self._detector, known)

    def close(self) -> None:
        pass


if __name__ == '__main__':
    vars(extract_faces)['IsolatedExtractor'] = Extractor
    sys.exit(main())
