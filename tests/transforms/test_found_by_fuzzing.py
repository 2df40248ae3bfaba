"""What `make fuzz` found, each once mended: bytes that took seconds, memory or the process, and the status that they have now."""

import base64
import time

import pytest

from mien.configs.schema import Crop
from mien.transforms.detect import FaceDetector
from mien.transforms.extract import Extraction, extract

HOW = Extraction(Crop('arcface-112', 1.0, 64, 3), 0.025, 0.7, 1 << 20, True)
FOUND = {
    'a PNG whose end comes before its pixels, and a chunk of 721 MB behind it': (
        'iVBORw0KGgoAAAANSUhEUgAAABgAAAAQCAIAAACDRijCAAAAAElFTkSuQmCCAAAABnRSTlMAAGcAAADIV8gAKwAAEklEQVR42mNgGAWjYBSMgsEBAASQAAGPkh+L',
        'corrupt',
    ),
}


@pytest.mark.parametrize('name', FOUND)
def test_what_was_found_costs_nothing_now(name):
    data, status = FOUND[name]
    started = time.process_time()
    assert extract(base64.b64decode(data), HOW, FaceDetector(HOW.smallest_face, HOW.min_score)).facts.status == status
    assert time.process_time() - started < 0.5
