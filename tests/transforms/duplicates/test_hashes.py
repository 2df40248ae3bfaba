"""What stands for a crop, against values worked out by hand."""

import hashlib

import cv2
import numpy as np
import pytest

from mien.transforms.duplicates.compare import UNIT, difference, evened
from mien.transforms.duplicates.hashes import SIDE, crop_dhash, pixels_digest, thumbnail
from mien.transforms.duplicates.thumbnails import read_thumbnail, thumbnails_path, write_thumbnails
from mien.transforms.measure import dhash

FALLING = np.repeat(np.arange(144, 0, -3, dtype=np.uint8)[None, :, None], 48, axis=0)
RANDOM = np.random.default_rng(3)


def noise(*shape):
    return RANDOM.integers(0, 256, shape, np.uint8)


def test_the_digest_is_of_shape_and_pixels():
    crop = np.arange(4, dtype=np.uint8).reshape(2, 2, 1)
    assert pixels_digest(crop) == hashlib.sha256(b'2x2x1\0\0\1\2\3').hexdigest()[:32]
    assert pixels_digest(noise(4, 4, 3)[:, ::2]) != pixels_digest(crop)
    assert len({pixels_digest(np.zeros(shape, np.uint8)) for shape in ((6, 6, 1), (2, 6, 3), (6, 2, 3))}) == 3


def test_the_digest_does_not_depend_on_how_a_crop_lies_in_memory():
    crop = noise(8, 8, 3)
    assert pixels_digest(np.asfortranarray(crop)) == pixels_digest(crop)


def test_the_first_bit_of_the_hash_is_the_highest():
    assert crop_dhash(FALLING) == 2**64 - 1
    assert crop_dhash(FALLING[:, ::-1].copy()) == 0
    lower = FALLING.copy()
    lower[6:] = lower[6:, ::-1]
    assert crop_dhash(lower) == 0xFF << 56  # the first of eight rows falls


@pytest.mark.parametrize('size', [16, 48, 64, 112])
def test_the_hash_of_a_crop_is_the_hash_of_the_photo_that_it_would_be(size):
    crop = noise(size, size, 3)
    assert f'{crop_dhash(crop):016x}' == dhash(crop[..., ::-1].copy())
    assert crop_dhash(crop[..., :1]) == crop_dhash(crop[..., :1].repeat(3, axis=2))


def test_a_pixel_of_a_thumbnail_is_the_mean_of_its_area():
    crop = noise(48, 48, 1)
    means = crop.reshape(SIDE, 3, SIDE, 3).mean((1, 3))
    assert np.abs(thumbnail(crop) - means).max() <= 0.5
    assert thumbnail(noise(112, 112, 3)).shape == (SIDE, SIDE)


def test_brightness_and_contrast_make_no_difference():
    darker = noise(SIDE, SIDE) // 4
    brighter = darker * 3 + 50
    assert difference(evened(darker), evened(brighter)) < 2 / UNIT
    assert difference(evened(darker), evened(255 - darker)) > 1


def test_the_difference_of_opposite_halves_is_two_standard_deviations():
    left = np.zeros((SIDE, SIDE), np.uint8)
    left[:, : SIDE // 2] = 200
    assert difference(evened(left), evened(left.T.copy())) == 1  # half of the pixels agree
    assert difference(evened(left), evened(200 - left)) == 2


def test_an_even_thumbnail_is_evened_to_nothing():
    even = evened(np.full((2, SIDE, SIDE), 7, np.uint8))
    assert not even.any()
    assert difference(even[0], evened(noise(SIDE, SIDE))) < 1


def test_a_thumbnail_is_found_at_its_place(tmp_path):
    thumbnails = noise(5, SIDE, SIDE)
    digest = write_thumbnails(tmp_path, 12, thumbnails)
    assert digest == hashlib.sha256(thumbnails.tobytes()).hexdigest()
    for place in (4, 0, 2):
        np.testing.assert_array_equal(read_thumbnail(tmp_path, 12, place), thumbnails[place])
    with pytest.raises(RuntimeError, match=r'00012\.bin: no thumbnail at place 5'):
        read_thumbnail(tmp_path, 12, 5)


def test_a_thumbnail_of_another_size_is_refused_and_nothing_is_left(tmp_path):
    with pytest.raises(ValueError, match=r'\(8, 8\)'):
        write_thumbnails(tmp_path, 0, [noise(SIDE, SIDE), noise(8, 8)])
    assert list(thumbnails_path(tmp_path, 0).parent.iterdir()) == []


def test_a_crop_of_three_channels_is_rgb():
    crop = noise(SIDE, SIDE, 3)
    np.testing.assert_array_equal(thumbnail(crop), cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY))
