"""A photo of each format cut at every byte, and with bytes changed: a status, never an exception, and no picture of half a photo."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mien.configs.schema import Crop
from mien.transforms.decode import silence
from mien.transforms.detect import FaceDetector
from mien.transforms.extract import Extracted, Extraction, extract
from mien.transforms.records import READ, Status
from tests.hostile import PHOTO, saved

HOW = Extraction(Crop('arcface-112', 1.0, 64, 3), 0.025, 0.7, 1 << 20, False)
WHOLE_IMAGE = dataclasses.replace(HOW, whole_image=True)
FAILURES = (Status.EMPTY, Status.NOT_AN_IMAGE, Status.TRUNCATED, Status.CORRUPT, Status.TOO_LARGE)
FORMATS = {
    'jpeg': saved('JPEG'),
    'progressive jpeg': saved('JPEG', progressive=True),
    'png': saved('PNG'),
    'transparent png': saved('PNG', PHOTO.convert('RGBA').rotate(30)),
    'lossy webp': saved('WEBP'),
    'lossless webp': saved('WEBP', lossless=True),
    'bmp': saved('BMP'),
    'tiff': saved('TIFF'),
    'deflated tiff': saved('TIFF', compression='tiff_deflate'),
    'gif': saved('GIF'),
}


@pytest.fixture(scope='module')
def detector():
    silence()
    return FaceDetector(HOW.smallest_face, HOW.min_score)


def outcome(data: bytes, how: Extraction, detector: FaceDetector) -> Extracted:
    """What becomes of bytes, held to what is true of all."""
    found = extract(data, how, detector)
    assert found.facts.status in (*READ, *FAILURES)
    assert found.facts.size_bytes == len(data)
    assert len(found.faces) == len(found.crops)
    assert (found.facts.status is Status.OK) == bool(found.faces)
    return found


@pytest.mark.parametrize('name', FORMATS)
def test_a_cut_at_any_byte_leaves_no_face_and_no_half_of_a_photo(name, detector):
    """A cut that goes unnoticed took no pixel: with the image for a face, its crop is that of the whole file."""
    data = FORMATS[name]
    whole = outcome(data, WHOLE_IMAGE, detector)
    assert whole.facts.status is Status.OK
    for length in range(len(data)):
        found = outcome(data[:length], WHOLE_IMAGE, detector)
        assert found.facts.status in FAILURES or np.array_equal(found.crops, whole.crops), f'cut to {length} bytes'
        if length % 16 == 0 or found.facts.status is Status.OK:
            assert outcome(data[:length], HOW, detector).facts.status is not Status.OK


@pytest.mark.parametrize('name', FORMATS)
def test_what_follows_the_end_of_an_image_changes_nothing(name, detector):
    whole, longer = (outcome(FORMATS[name] + more, WHOLE_IMAGE, detector) for more in (b'', b'\0\xff\xd8PK\x03\x04' * 9))
    assert longer.facts.status is Status.OK
    assert np.array_equal(longer.crops, whole.crops)


CHANGES = st.lists(st.tuples(st.integers(0, 1 << 14), st.binary(min_size=1, max_size=4)), min_size=1, max_size=8)


@settings(max_examples=1500)
@given(st.sampled_from(sorted(FORMATS)), CHANGES)
def test_changed_bytes_give_a_status_and_the_same_one_again(detector, name, changes):
    data = bytearray(FORMATS[name])
    for place, some in changes:
        place %= len(data)
        data[place : place + len(some)] = some
    first, again = (outcome(bytes(data), WHOLE_IMAGE, detector) for _ in range(2))
    assert first.facts == again.facts
    assert first.faces == again.faces
    assert np.array_equal(first.crops, again.crops)
