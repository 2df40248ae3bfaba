"""Augmentation: nothing asked changes nothing, a mirror is a mirror, and a seed says all."""

import numpy as np
import tensorflow as tf

from mien.models.data.augment import Augmentation, augment

NOTHING = Augmentation(False, 0.0, 0.0, 0.0, 0.0, 0.0)
MUCH = Augmentation(True, 0.3, 0.2, 0.2, 0.2, 0.3)
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


def test_a_seed_says_all():
    first, again = (augment(tf.constant(IMAGES), MUCH, SEED).numpy() for _ in range(2))
    other = augment(tf.constant(IMAGES), MUCH, SEED + 1).numpy()
    assert first.tobytes() == again.tobytes()
    assert np.abs(first - other).mean() > 1
    assert first.min() >= 0
    assert first.max() <= 255
