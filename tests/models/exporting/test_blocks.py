"""Convolutions in blocks of pixels: another way to the same numbers."""

import keras
import numpy as np
import pytest

from mien.models.exporting.blocks import _Conv2DInBlocks, in_blocks


def convolved(side, kernel, channels=1, filters=5, **more):
    inputs = keras.Input((side, side, channels))
    first = keras.layers.Conv2D(filters, kernel, activation='relu', bias_initializer=keras.initializers.RandomNormal(seed=1), **more)
    inner = keras.Model(inputs, first(inputs))
    return keras.Model(inputs, keras.layers.Conv2D(2, 1, 2)(inner(inputs)))


def first_of(network):
    return next(layer for layer in network.layers if isinstance(layer, keras.Model)).layers[-1]


@pytest.mark.parametrize(('side', 'kernel'), [(32, 7), (33, 7), (32, 3), (31, 5), (20, (5, 3)), (9, 1)])
def test_the_numbers_are_the_same(side, kernel):
    network = convolved(side, kernel, strides=2)
    images = np.random.default_rng(0).normal(size=(3, side, side, 1)).astype(np.float32)
    twin = in_blocks(network)
    assert isinstance(first_of(twin), _Conv2DInBlocks)
    np.testing.assert_allclose(twin(images), network(images), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(('side', 'kernel'), [(31, 2), (32, 2), (49, 4), (49, (5, 4))])
def test_kernels_of_an_even_side_stay(side, kernel):
    network = convolved(side, kernel, strides=2)
    assert in_blocks(network) is network


def test_a_normalisation_that_was_adapted_stays_so():
    images = np.random.default_rng(0).normal(3.0, 2.0, (64, 32, 32, 1)).astype(np.float32)
    inputs, scaled = keras.Input((32, 32, 1)), keras.layers.Normalization()
    network = keras.Model(inputs, convolved(32, 7, strides=2)(scaled(inputs)))
    scaled.adapt(images)
    np.testing.assert_allclose(in_blocks(network)(images), network(images), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ('channels', 'more'),
    [
        (3, {'strides': 2}),
        (3, {'strides': 2, 'filters': 6, 'groups': 3}),
        (1, {'strides': 1}),
        (1, {'strides': 2, 'padding': 'same'}),
        (1, {'dilation_rate': 2}),
    ],
)
def test_other_convolutions_stay(channels, more):
    network = convolved(32, 7, channels, **more)
    assert in_blocks(network) is network
