"""Augmentation: nothing asked changes nothing, a mirror is a mirror, and a seed says all."""

import numpy as np
import pytest
import tensorflow as tf

from mien.models.data.augment import Augmentation, augment

NOTHING = Augmentation(False, 0.0, 0.0, 0.0, 0.0, 0.0)
MUCH = Augmentation(True, 0.3, 0.2, 0.2, 0.2, 0.3, blur=0.5, cutout=0.4)
IMAGES = np.random.default_rng(0).integers(0, 256, (32, 12, 12, 1)).astype(np.float32)
SEED = np.array([3, 4])
NO_CHANGES = dict.fromkeys(('rotation', 'zoom', 'shift', 'brightness', 'contrast', 'blur', 'cutout', 'mixup'), 0.0) | {'flip': False}


def test_nothing_asked_changes_nothing():
    np.testing.assert_array_equal(augment(tf.constant(IMAGES), NOTHING, SEED), IMAGES)


def test_a_flip_gives_the_image_or_its_mirror_image():
    flipped = augment(tf.constant(IMAGES), Augmentation(True, 0.0, 0.0, 0.0, 0.0, 0.0), SEED).numpy()
    same = [np.allclose(new, old, atol=1e-3) for new, old in zip(flipped, IMAGES, strict=True)]
    mirrored = [np.allclose(new, old[:, ::-1], atol=1e-3) for new, old in zip(flipped, IMAGES, strict=True)]
    assert all(a != b for a, b in zip(same, mirrored, strict=True))
    assert 5 < sum(mirrored) < 27


def test_a_shift_moves_and_repeats_the_border():
    ramp = np.tile(np.arange(10, dtype=np.float32)[None, None, :, None], (8, 10, 1, 1))
    moved = augment(tf.constant(ramp), Augmentation(False, 0.0, 0.0, 0.2, 0.0, 0.0), SEED).numpy()
    step = moved[:, 5, 5, 0] - 5
    assert np.abs(step).max() <= 2.0001
    np.testing.assert_allclose(moved[:, 5, :, 0], np.clip(np.arange(10) + step[:, None], 0, 9), atol=1e-3)


@pytest.mark.parametrize(('greatest', 'pixels'), [(0.5, 6), (0.25, 3), (1.0, 12)])
def test_cutout_covers_one_rectangle_and_leaves_the_rest(greatest, pixels):
    bright = np.full((64, 12, 12, 3), 200, np.float32)
    cut = augment(tf.constant(bright), Augmentation(False, 0.0, 0.0, 0.0, 0.0, 0.0, cutout=greatest), SEED).numpy()
    covered = cut[..., 0] != 200
    assert set(np.unique(cut)) == {127.5, 200.0}
    np.testing.assert_array_equal(cut[..., 0], cut[..., 2])
    for mask in covered:
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        assert mask.sum() == len(rows) * len(columns)
        for line in (rows, columns):
            assert len(line) <= pixels
            assert np.all(np.diff(line) == 1)
    assert len({mask.tobytes() for mask in covered}) > 32  # each image has its own


def test_blur_spreads_a_point_or_sharpens_it_and_keeps_the_sum():
    point = np.full((64, 7, 7, 1), 100, np.float32)
    point[:, 3, 3] = 132
    blurred = augment(tf.constant(point), Augmentation(False, 0.0, 0.0, 0.0, 0.0, 0.0, blur=0.5), SEED).numpy()
    way = (132 - blurred[:, 3, 3, 0]) / 24  # the filter's middle is a quarter
    assert -0.5 <= way.min() < -0.3
    assert 0.3 < way.max() <= 0.5
    np.testing.assert_allclose(blurred[:, 3, 4, 0], 100 + way * 4, atol=1e-3)
    np.testing.assert_allclose(blurred[:, 2, 2, 0], 100 + way * 2, atol=1e-3)
    np.testing.assert_allclose(blurred.mean(axis=(1, 2, 3)), point[0].mean(), rtol=1e-6)


def test_a_seed_says_all():
    first, again = (augment(tf.constant(IMAGES), MUCH, SEED).numpy() for _ in range(2))
    other = augment(tf.constant(IMAGES), MUCH, SEED + 1).numpy()
    assert first.tobytes() == again.tobytes()
    assert np.abs(first - other).mean() > 1
    assert first.min() >= 0
    assert first.max() <= 255


X = np.tile(np.arange(11, dtype=np.float32)[None, None, :, None], (64, 11, 1, 1))  # each pixel its column
Y = X.swapaxes(1, 2)


def test_a_rotation_turns_about_the_centre_by_degrees_either_way(train_config):
    how = Augmentation.of(train_config(**NO_CHANGES | {'rotation': 10.0}))
    columns, rows = (augment(tf.constant(ramp), how, SEED).numpy()[..., 0] - 5 for ramp in (X, Y))
    cosine, sine = columns[:, 5, 8] / 3, rows[:, 5, 8] / 3
    np.testing.assert_allclose(cosine**2 + sine**2, 1, atol=1e-4)
    np.testing.assert_allclose(columns[:, 8, 5], -3 * sine, atol=1e-3)
    np.testing.assert_allclose(rows[:, 8, 5], 3 * cosine, atol=1e-3)
    degrees = np.degrees(np.arcsin(sine))
    assert -10.01 < degrees.min() < -8
    assert 8 < degrees.max() < 10.01


def test_a_zoom_scales_both_sides_about_the_centre(train_config):
    how = Augmentation.of(train_config(**NO_CHANGES | {'zoom': 0.2}))
    columns, rows = (augment(tf.constant(ramp), how, SEED).numpy()[..., 0] - 5 for ramp in (X, Y))
    scale = columns[:, 5, 8] / 3
    np.testing.assert_allclose(columns[:, 2, 3], -2 * scale, atol=1e-3)
    np.testing.assert_allclose(rows[:, 7, 9], 2 * scale, atol=1e-3)
    assert 0.7999 < scale.min() < 0.85
    assert 1.15 < scale.max() < 1.2001


def test_brightness_lifts_an_image_by_a_share_of_the_full_range(train_config):
    grey = np.full((64, 4, 4, 1), 120, np.float32)
    lift = augment(tf.constant(grey), Augmentation.of(train_config(**NO_CHANGES | {'brightness': 0.2})), SEED).numpy() - 120
    np.testing.assert_allclose(lift, np.broadcast_to(lift[:, :1, :1], lift.shape), atol=1e-3)
    assert -51.01 < lift.min() < -40
    assert 40 < lift.max() < 51.01


def test_contrast_stretches_about_the_mean(train_config):
    halves = np.full((64, 4, 4, 1), 110, np.float32)
    halves[:, :2] = 130
    changed = augment(tf.constant(halves), Augmentation.of(train_config(**NO_CHANGES | {'contrast': 0.3})), SEED).numpy()
    np.testing.assert_allclose(changed.mean(axis=(1, 2, 3)), 120, atol=1e-3)
    stretch = (changed[:, 0, 0, 0] - 120) / 10
    assert 0.6999 < stretch.min() < 0.75
    assert 1.25 < stretch.max() < 1.3001
