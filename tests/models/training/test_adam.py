"""Adam in one kernel moves weights as Keras's does."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from mien.models.training.adam import Adam

SHAPES = ((3, 3, 2, 4), (50, 7), (7,))
RATE = 0.01


def after_steps(optimizer, gradient=tf.identity, steps=5):
    """Weights and the optimizer's own numbers after steps by made-up gradients."""
    random = np.random.default_rng(3)
    weights = [keras.Variable(random.normal(size=shape).astype(np.float32)) for shape in SHAPES]
    optimizer.build(weights)

    @tf.function
    def step(*values):
        optimizer.apply([gradient(value) for value in values], weights)

    for _ in range(steps):
        step(*(tf.constant(random.normal(size=shape) * 10.0 ** random.integers(-6, 2), tf.float32) for shape in SHAPES))
    return [one.numpy() for one in (*weights, *optimizer.variables)]


def assert_close(ours, theirs):
    """Up to what float32 leaves of one minus 0.999: half a ten-thousandth of a moment, a hundredth of a per cent of a step."""
    assert len(ours) == len(theirs)
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4 * RATE)


@pytest.mark.parametrize('options', [{}, {'weight_decay': 0.1}, {'use_ema': True, 'ema_momentum': 0.9}, {'epsilon': 0.1}], ids=str)
def test_a_weight_moves_as_by_keras(options):
    assert_close(*(after_steps(of(RATE, **options)) for of in (Adam, keras.optimizers.Adam)))


def test_behind_a_loss_scale_too():
    assert_close(*(after_steps(keras.optimizers.LossScaleOptimizer(of(RATE), initial_scale=8.0)) for of in (Adam, keras.optimizers.Adam)))


def test_gradients_of_few_rows_are_left_to_keras():
    def first_rows(value):
        return tf.IndexedSlices(value[:2], tf.constant([1, 0]), value.shape)

    ours, theirs = (after_steps(of(RATE), first_rows) for of in (Adam, keras.optimizers.Adam))
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(one, other)
