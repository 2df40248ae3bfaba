"""Alignment against similarities worked out by hand, and the laws of a crop."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien.transforms.align import TEMPLATES, align, similarity, warp, whole

PLACES = TEMPLATES['arcface-112'] * 112


def test_landmarks_at_the_template_give_the_identity():
    matrix = similarity(PLACES.astype(np.float32), 'arcface-112', 1.0, 112)
    np.testing.assert_allclose(matrix, [[1, 0, 0], [0, 1, 0]], atol=1e-5)


def test_a_quarter_turn_twice_the_size_moved_is_undone():
    # By hand: a point (x, y) of the template lies at (100 - 2y, 20 + 2x), so x = (Y - 20) / 2 and y = (100 - X) / 2.
    turned = np.stack([100 - 2 * PLACES[:, 1], 20 + 2 * PLACES[:, 0]], axis=1).astype(np.float32)
    np.testing.assert_allclose(similarity(turned, 'arcface-112', 1.0, 112), [[0, 0.5, -10], [-0.5, 0, 50]], atol=1e-4)


def test_a_scale_of_two_shows_twice_as_much_around_the_centre():
    # By hand: places shrink towards the centre 56 by one half, so the matrix is x / 2 + 28.
    np.testing.assert_allclose(similarity(PLACES.astype(np.float32), 'arcface-112', 2.0, 112), [[0.5, 0, 28], [0, 0.5, 28]], atol=1e-4)


@given(
    angle=st.floats(-3.1, 3.1),
    scale=st.floats(0.05, 20),
    x=st.floats(-500, 500),
    y=st.floats(-500, 500),
    size=st.sampled_from([48, 64, 112]),
)
def test_any_similarity_of_the_template_is_found(angle, scale, x, y, size):
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    moved = PLACES @ turn.T + (x, y)
    matrix = similarity(moved, 'arcface-112', 1.0, size)
    np.testing.assert_allclose(moved @ matrix[:, :2].T + matrix[:, 2], PLACES * size / 112, atol=1e-3)


def test_noisy_landmarks_are_fitted_like_the_normal_equations_say():
    rng = np.random.default_rng(5)
    points = PLACES + rng.normal(0, 4, PLACES.shape)
    system = np.concatenate([[[x, -y, 1, 0], [y, x, 0, 1]] for x, y in points])
    a, b, c, d = np.linalg.lstsq(system, PLACES.ravel(), rcond=None)[0]
    np.testing.assert_allclose(similarity(points, 'arcface-112', 1.0, 112), [[a, -b, c], [b, a, d]], atol=1e-6)


@pytest.mark.parametrize('landmarks', [np.full((5, 2), 7.0), np.full((5, 2), np.nan), np.full((5, 2), np.inf)])
def test_landmarks_without_extent_are_refused(landmarks):
    with pytest.raises(ValueError, match='span no similarity'):
        similarity(landmarks, 'arcface-112', 1.0, 48)


@pytest.mark.parametrize('scale', [1.0, 0.6, 0.3, 0.11])
def test_a_shrunk_crop_is_the_mean_of_the_pixels_it_covers(scale):
    """A smooth picture has one right answer at every scale: its value at the crop's pixel."""
    y, x = np.mgrid[0:900, 0:1200]
    image = np.repeat((x / 8 + y / 12).astype(np.uint8)[..., None], 3, axis=2)
    crop = warp(image, np.array([[scale, 0, -scale * 200], [0, scale, -scale * 100]]), 64)
    rows, columns = np.mgrid[0:64, 0:64]
    expected = (columns / scale + 200) / 8 + (rows / scale + 100) / 12
    assert np.abs(crop[..., 0].astype(float) - expected).max() <= 1.6


def test_fine_stripes_do_not_alias():
    image = np.zeros((800, 800, 3), np.uint8)
    image[:, ::2] = 255
    crop = warp(image, np.array([[0.1, 0, 0], [0, 0.1, 0]]), 80)
    assert np.ptp(crop[2:-2, 2:-2].astype(int)) <= 2
    assert abs(float(crop[2:-2, 2:-2].mean()) - 127.5) <= 1


@given(x=st.floats(-400, 700), y=st.floats(-400, 700), scale=st.floats(0.02, 30))
def test_a_crop_anywhere_has_its_shape(x, y, scale):
    image = np.zeros((60, 80, 3), np.uint8)
    assert warp(image, np.array([[scale, 0, -scale * x], [0, scale, -scale * y]]), 48).shape == (48, 48, 3)


@pytest.mark.parametrize('channels', [1, 3])
def test_channels_are_grey_or_rgb(channels):
    blue = np.zeros((112, 112, 3), np.uint8)
    blue[..., 0] = 200
    crop = align(blue, PLACES.astype(np.float32), 'arcface-112', 1.0, 48, channels)
    assert crop.shape == (48, 48, channels)
    assert crop.dtype == np.uint8
    assert (crop[24, 24] == ([23] if channels == 1 else [0, 0, 200])).all()  # ITU-R BT.601: 0.114 * 200


def test_a_whole_image_of_the_right_size_keeps_its_pixels():
    grey = np.random.default_rng(0).integers(0, 256, (48, 48), np.uint8)
    assert (whole(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), 48, 1)[..., 0] == grey).all()
