"""Batch normalisation in one kernel: the numbers of Keras's own layer."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from mien.models.architectures.architecture import InputSpec
from mien.models.architectures.registry import builder
from mien.models.training.fused import fused

LAYERS = [{}, {'scale': False}, {'center': False}, {'momentum': 0.6, 'epsilon': 0.01}, {'trainable': False}]


def trained(network, images):
    """A network's answer to a batch in training, its gradients, and its statistics after it."""
    with tf.GradientTape() as tape:
        tape.watch(images)
        answer = network(images, training=True)
        loss = tf.reduce_sum(answer * tf.cast(tf.reshape(tf.range(tf.size(answer)), answer.shape), answer.dtype))
    gradients = tape.gradient(loss, [images, *(weight.value for weight in network.trainable_weights)])
    return [answer, *gradients, *network.non_trainable_weights]


@pytest.mark.parametrize('options', LAYERS)
@pytest.mark.parametrize('shape', [(6, 5, 4, 3), (2, 1, 1, 3)])
def test_training_is_that_of_keras(options, shape):
    inputs = keras.Input(shape[1:])
    network = keras.Model(inputs, keras.layers.BatchNormalization(**options)(inputs))
    network.set_weights([np.linspace(0.5, 2.0, weight.shape[0]) for weight in network.weights])
    images = tf.constant(np.random.default_rng(0).normal(3.0, 2.0, shape).astype(np.float32))
    twin = fused(network)
    for mine, theirs in zip(trained(twin, images), trained(network, images), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=2e-4, atol=2e-3)
    np.testing.assert_allclose(twin(images), network(images), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize('name', ['mini_xception', 'dcnn', 'MobileNetV2'])
def test_whole_networks_keep_their_weights_and_their_order(name):
    network = builder(name)(InputSpec(32, 1, 48, 120.0, 4000.0), 3)
    twin = fused(network)
    assert [weight.shape for weight in twin.weights] == [weight.shape for weight in network.weights]
    images = np.random.default_rng(0).uniform(0, 255, (3, 32, 32, 1)).astype(np.float32)
    np.testing.assert_array_equal(twin(images), network(images))
    fusing = [layer for layer in twin._flatten_layers() if type(layer).__name__ == '_FusedBatchNormalization']
    plain = [layer for layer in network._flatten_layers() if isinstance(layer, keras.layers.BatchNormalization)]
    assert len(fusing) == len(plain) > 0


@pytest.mark.parametrize('momentum', [0.5, 0.999, 0.9997])
def test_statistics_keep_up_with_the_weights(momentum):
    """After five hundred batches they are the batches', also where a network is made for epochs of ten thousand."""
    inputs = keras.Input((4, 4, 1))
    twin = fused(keras.Model(inputs, keras.layers.BatchNormalization(momentum=momentum)(inputs)))
    images = tf.constant(np.random.default_rng(0).normal(3.0, 2.0, (8, 4, 4, 1)).astype(np.float32))
    step = tf.function(lambda: twin(images, training=True))
    for _ in range(500):
        step()
    mean, variance = (float(weight[0]) for weight in twin.non_trainable_weights)
    assert mean == pytest.approx(np.mean(images), rel=0.02)
    assert variance == pytest.approx(np.var(images), rel=0.02)


def test_vectors_are_left_to_keras():
    inputs = keras.Input((4,))
    network = keras.Model(inputs, keras.layers.BatchNormalization()(inputs))
    images = tf.constant(np.random.default_rng(0).normal(size=(8, 4)).astype(np.float32))
    for mine, theirs in zip(trained(fused(network), images), trained(network, images), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_a_normalisation_that_was_adapted_stays_so():
    """EfficientNet's, for one, which ImageNet's weights bring."""
    images = np.random.default_rng(0).normal(3.0, 2.0, (64, 4, 4, 3)).astype(np.float32)
    inputs, scaled = keras.Input((4, 4, 3)), keras.layers.Normalization()
    network = keras.Model(inputs, keras.layers.BatchNormalization()(scaled(inputs)))
    scaled.adapt(images)
    assert abs(float(np.mean(network(images)))) < 0.01
    np.testing.assert_array_equal(fused(network)(images), network(images))
