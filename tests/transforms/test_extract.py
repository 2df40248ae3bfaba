"""From bytes to faces: each status once, and faces that do not depend on how the photo is stored."""

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from mien.configs.schema import Crop
from mien.transforms.detect import FaceDetector, overlap
from mien.transforms.extract import Extraction, extract, read_facts
from mien.transforms.records import Status

HOW = Extraction(Crop('arcface-112', 1.0, 48, 1), 0.025, 0.7, 10_000_000, False)


@pytest.fixture(scope='module')
def detector():
    return FaceDetector(HOW.smallest_face, HOW.min_score)


@pytest.fixture(scope='module')
def portrait(portraits_dir):
    return Image.open(portraits_dir / 'Aaron_Patterson_0001.jpg').convert('RGB')


def encoded(image: Image.Image, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, **options)
    return buffer.getvalue()


def test_a_portrait_is_one_measured_face(portrait, detector):
    image = extract(encoded(portrait, format='PNG'), HOW, detector)
    (face,) = image.faces
    assert (image.facts.status, image.facts.format, image.facts.orientation) == (Status.OK, 'png', 1)
    assert (image.facts.width, image.facts.height) == portrait.size
    assert image.crops.shape == (1, 48, 48, 1)
    assert face.detection_score > 0.8
    assert abs(face.roll) < 30
    assert -1 < face.yaw < 1
    assert face.sharpness > 0


@pytest.mark.parametrize('orientation', range(1, 9))
def test_a_photo_on_its_side_has_the_faces_of_the_upright_one(portrait, detector, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    undo = {
        1: None,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[orientation]
    stored = portrait if undo is None else portrait.transpose(undo)
    turned = extract(encoded(stored, format='PNG', exif=exif), HOW, detector)
    upright = extract(encoded(portrait, format='PNG'), HOW, detector)
    assert turned.facts.orientation == orientation
    assert turned.faces == upright.faces
    assert np.array_equal(turned.crops, upright.crops)


@pytest.mark.parametrize('mode', ['L', 'LA', 'RGBA', 'P', 'I;16'])
def test_a_face_is_found_in_every_mode(portrait, detector, mode):
    grey = np.asarray(portrait.convert('L'))
    image = Image.fromarray(grey.astype(np.uint16) * 257) if mode == 'I;16' else portrait.convert(mode)
    assert len(extract(encoded(image, format='PNG'), HOW, detector).faces) == 1


def test_a_cmyk_photo_has_its_face(portrait, detector):
    assert len(extract(encoded(portrait.convert('CMYK'), format='JPEG'), HOW, detector).faces) == 1


@pytest.mark.parametrize(
    ('data', 'status', 'detail'),
    [
        (b'', Status.EMPTY, None),
        (b'hello', Status.NOT_AN_IMAGE, 'text'),
        (b'\xff\xd8\xff\xe0', Status.TRUNCATED, 'a JPEG that ends before its frame'),
        (b'\x89PNG\r\n\x1a\n' + b'\x00' * 40, Status.CORRUPT, ''),
    ],
)
def test_what_bytes_are_not_is_said(data, status, detail):
    facts, _ = read_facts(data, 100)
    assert facts.status is status
    assert (facts.detail or '').startswith(detail or '')
    assert facts.size_bytes == len(data)


def test_a_large_photo_is_refused_by_its_header(portrait):
    facts, _ = read_facts(encoded(Image.new('1', (4000, 3000)), format='PNG'), 10_000_000)
    assert (facts.status, facts.detail) == (Status.TOO_LARGE, '12000000 pixels, limit 10000000')


def test_pixels_that_do_not_decode_are_corrupt(portrait, detector):
    data = bytearray(encoded(portrait, format='PNG'))
    data[len(data) // 2] ^= 0xFF  # the chunk's checksum no longer fits
    image = extract(bytes(data), HOW, detector)
    assert (image.facts.status, image.faces) == (Status.CORRUPT, ())
    assert image.facts.width == portrait.width


@pytest.fixture(scope='module')
def large(photos_dir):
    """A photo of 3,178 x 2,472 pixels with faces of all sizes, as JPEG."""
    with Image.open(max(photos_dir.glob('*.jpg'), key=lambda path: path.stat().st_size)) as photo:
        size = (photo.width * 8 // 5, photo.height * 8 // 5)
        return encoded(photo.convert('RGB').resize(size, Image.Resampling.BICUBIC), format='JPEG', quality=90)


def test_a_jpeg_that_is_decoded_in_part_has_the_faces_of_the_whole(large, detector):
    as_png = encoded(Image.open(io.BytesIO(large)), format='PNG', compress_level=1)
    some, all_pixels = extract(large, HOW, detector), extract(as_png, HOW, detector)
    assert len(some.faces) == len(all_pixels.faces) > 3
    for face, other in zip(sorted(some.faces, key=lambda face: face.box), sorted(all_pixels.faces, key=lambda face: face.box), strict=True):
        assert overlap(np.array(face.box), np.array(other.box)) > 0.8


def test_faces_that_are_known_are_cut_as_if_they_had_been_found(large, portrait, detector):
    for data in (large, encoded(portrait, format='PNG')):
        found = extract(data, HOW, detector)
        other = replace(HOW, crop=Crop('fer2013', 1.2, 96, 3))
        assert np.array_equal(extract(data, HOW, detector, found.faces).crops, found.crops)
        again, anew = extract(data, other, detector, found.faces), extract(data, other, detector)
        assert (again.facts, again.faces) == (anew.facts, anew.faces)
        assert np.array_equal(again.crops, anew.crops)


def test_an_image_that_is_the_face_is_decoded_no_finer_than_its_crop_needs(large, detector):
    found = extract(large, replace(HOW, whole_image=True), detector)
    (face,) = found.faces
    assert face.box == (0, 0, found.facts.width, found.facts.height)
    assert found.crops.shape == (1, 48, 48, 1)
