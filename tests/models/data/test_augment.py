"""Augmentation: nothing asked changes nothing, a mirror is a mirror, and a seed says all."""

import numpy as np
import pytest
import tensorflow as tf

from mien.models.data.augment import Augmentation, augment

NOTHING = Augmentation(False, 0.0, 0.0, 0.0, 0.0, 0.0)
MUCH = Augmentation(True, 0.3, 0.2, 0.2, 0.2, 0.3, blur=0.5, cutout=0.4)
IMAGES = np.random.default_rng(0).integers(0, 256, (32, 12, 12, 1)).astype(np.float32)
SEED = np.array([3, 4])


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
