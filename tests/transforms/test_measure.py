"""Measures against values worked out by hand."""

import numpy as np
import pytest

from mien.transforms.measure import dhash, quality, roll, yaw

UPRIGHT = np.array([[30, 50], [70, 50], [50, 70], [35, 90], [65, 90]], np.float32)


def test_an_upright_face_does_not_lean_or_turn():
    assert roll(UPRIGHT) == 0
    assert yaw(UPRIGHT) == 0


def test_the_right_eye_lower_in_the_image_is_clockwise():
    leaning = UPRIGHT.copy()
    leaning[1, 1] += 40  # the image's right eye sinks: 45 degrees clockwise as seen
    assert roll(leaning) == pytest.approx(45)


@pytest.mark.parametrize(('nose', 'turn'), [(70, 1.0), (30, -1.0), (60, 0.5), (500, 1.0)])
def test_yaw_is_the_noses_place_between_the_eyes(nose, turn):
    turned = UPRIGHT.copy()
    turned[2, 0] = nose
    assert yaw(turned) == pytest.approx(turn)


def test_eyes_in_one_place_have_no_yaw():
    assert yaw(np.zeros((5, 2), np.float32)) == 0


def test_an_even_crop_is_not_sharp():
    measured = quality(np.full((64, 64, 1), 51, np.uint8))
    assert (measured.sharpness, measured.brightness, measured.contrast) == (0, pytest.approx(0.2), 0)


def test_a_step_has_the_contrast_and_sharpness_of_its_two_halves():
    crop = np.zeros((64, 64, 1), np.uint8)
    crop[:, 32:] = 100
    measured = quality(crop)
    assert measured.brightness == pytest.approx(50 / 255)
    assert measured.contrast == pytest.approx(50 / 255)
    assert measured.sharpness == pytest.approx(2 * 100**2 / 64)  # the Laplacian is 100 and -100 beside the step, 0 elsewhere


def test_a_picture_brighter_to_the_left_has_all_bits_set():
    falling = np.repeat(np.arange(180, 0, -1, dtype=np.uint8)[None, :, None], 160, axis=0).repeat(3, axis=2)
    assert dhash(falling) == 'f' * 16
    assert dhash(falling[:, ::-1].copy()) == '0' * 16
