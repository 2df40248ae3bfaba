"""Mixup: images, targets and weights of a pair by the same share, which is Beta distributed."""

import numpy as np
import pytest
import tensorflow as tf

from mien.models.data.mixup import mix

SEED = np.array([3, 4])
COUNT = 10
RANDOM = np.random.default_rng(0)
IMAGES = np.tile(np.arange(COUNT, dtype=np.float32)[:, None, None, None], (1, 4, 4, 1))
TARGETS = RANDOM.dirichlet(np.ones(3), COUNT).astype(np.float32)
WEIGHTS = RANDOM.uniform(0.5, 2, COUNT).astype(np.float32)


def mixed(images=IMAGES, targets=TARGETS, weights=WEIGHTS, alpha=0.4, seed=SEED):
    return [some.numpy() for some in mix(tf.constant(images), tf.constant(targets), tf.constant(weights), alpha, tf.constant(seed))]


def shares(images):
    """What each image has of itself: image i is all i, and its counterpart all COUNT - 1 - i."""
    number = np.arange(COUNT)
    return (images[:, 0, 0, 0] - (COUNT - 1 - number)) / (2 * number - COUNT + 1)


def test_nothing_asked_changes_nothing():
    for new, old in zip(mixed(alpha=0.0), (IMAGES, TARGETS, WEIGHTS), strict=True):
        np.testing.assert_array_equal(new, old)


def test_equal_weights_stay_and_targets_mix_as_images_do():
    images, targets, weights = mixed(weights=np.full(COUNT, 2, np.float32))
    share = shares(images)[:, None]
    np.testing.assert_allclose(targets, share * TARGETS + (1 - share) * TARGETS[::-1], atol=1e-5)
    np.testing.assert_allclose(weights, 2, rtol=1e-6)
    assert len(np.unique(share)) == COUNT
    assert np.ptp(images, axis=(1, 2, 3)).max() == 0


def test_the_loss_of_a_mixture_is_that_of_its_two_examples():
    images, targets, weights = mixed()
    share, log_probabilities = shares(images), np.log(RANDOM.dirichlet(np.ones(3), COUNT))
    own, other = (-np.sum(some * log_probabilities, axis=1) for some in (TARGETS, TARGETS[::-1]))
    expected = share * WEIGHTS * own + (1 - share) * WEIGHTS[::-1] * other
    np.testing.assert_allclose(weights * -np.sum(targets * log_probabilities, axis=1), expected, rtol=1e-4)


def test_examples_that_do_not_count_make_no_mixture_that_is_no_number():
    _, targets, weights = mixed(weights=np.zeros(COUNT, np.float32))
    assert set(weights) == {0.0}
    assert np.isfinite(targets).all()


@pytest.mark.parametrize('alpha', [0.05, 0.4, 3.0])
def test_shares_are_beta_distributed(alpha):
    """Of Beta(a, a) the mean is 1/2 and the variance 1 / (8a + 4)."""
    black_and_white = np.tile(np.array([0, 1], np.float32).repeat(10_000)[:, None, None, None], (1, 1, 1, 1))
    images, _, _ = mixed(black_and_white, np.ones((20_000, 1), np.float32), np.ones(20_000, np.float32), alpha)
    white = images[10_000:, 0, 0, 0]
    assert 0 <= white.min() <= white.max() <= 1
    assert white.mean() == pytest.approx(0.5, abs=0.02)
    assert white.var() == pytest.approx(1 / (8 * alpha + 4), rel=0.05)


def test_a_seed_says_all():
    first, again, other = mixed()[0], mixed()[0], mixed(seed=SEED + 1)[0]
    assert first.tobytes() == again.tobytes()
    assert np.abs(first - other).mean() > 0.1
