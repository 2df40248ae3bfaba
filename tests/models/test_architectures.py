"""The contract that every architecture inherits, and the parameter counts of the published ones."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from mien.configs.errors import UsageError
from mien.models.architectures.architecture import InputSpec
from mien.models.architectures.dlib_resnet import halving_block
from mien.models.architectures.registry import ARCHITECTURES, builder, smallest
from mien.models.data.graph import TransformGraph
from mien.models.exporting.export import LabellingModel, tflite
from mien.models.interpreter import Labeller

EVERY = pytest.mark.parametrize('name', [*sorted(ARCHITECTURES), 'MobileNet'])  # the others of Keras Applications: tests/zoo


def spec(size, crop=None, channels=1):
    return InputSpec(crop or size, channels, size, 120.0, 4000.0)


def fitting(name, size, **more):
    """The size, or the least that the network takes."""
    return spec(max(size, smallest(name)), **more)


@EVERY
@pytest.mark.parametrize('size', [48, 64])
def test_images_become_finite_logits(name, size):
    network = builder(name)(fitting(name, size), 7)
    images = np.random.default_rng(0).uniform(0, 255, (3, *network.input_shape[1:])).astype(np.float32)
    logits = network(images).numpy()
    assert logits.shape == (3, 7)
    assert np.isfinite(logits).all()
    assert np.abs(logits.sum(axis=1) - 1).min() > 1e-6  # logits, not probabilities


@EVERY
def test_crops_of_another_size_and_colour_are_taken(name):
    network = builder(name)(fitting(name, 64, crop=40, channels=3), 5)
    assert network(np.zeros((2, 40, 40, 3), np.float32)).shape == (2, 5)


@EVERY
def test_an_input_that_is_too_small_is_refused(name):
    with pytest.raises(UsageError, match='too small'):
        builder(name)(spec(7), 7)


@EVERY
def test_the_export_answers_as_the_network(name, dataset):
    graph = TransformGraph(dataset)
    network = builder(name)(fitting(name, 48, crop=32), 3)
    crops = np.random.default_rng(1).integers(0, 256, (9, 32, 32, 1)).astype(np.uint8)
    model = LabellingModel(graph, network, dataset.crop, temperature=1.5)
    expected = tf.nn.softmax(network(graph(crops)['image']) / 1.5).numpy()
    np.testing.assert_allclose(Labeller(tflite(model)).predict(crops), expected, atol=1e-4)


@pytest.mark.parametrize('classes', [2, 3, 4, 7, 8])
@EVERY
def test_every_task_gets_a_logit_a_class(name, classes):
    assert builder(name)(fitting(name, 48), classes).output_shape == (None, classes)


@pytest.mark.parametrize(
    ('name', 'size', 'classes', 'parameters'),
    [
        ('mini_xception', 64, 7, 58_423),
        ('dcnn', 48, 3, 2_395_075),
        ('dcnn', 48, 4, 2_395_204),
        ('dcnn', 48, 7, 2_395_591),
        ('fernet', 48, 3, 32_112_643),
        ('fernet', 48, 7, 32_116_743),
        # dlib's 5,574,720 before its last layer, less two of the first kernel's three channels, and ours
        ('dlib_resnet', 96, 8, 5_574_720 - 2 * 7 * 7 * 32 + 8 * (256 + 1)),
        # its first 21 convolutions; 128 to 192 and 192 to 192; ours
        ('face_resnet', 96, 8, 1_148_992 - 2 * 7 * 7 * 32 + 192 * (9 * 128 + 1) + 192 * (9 * 192 + 1) + 8 * (192 + 1)),
    ],
)
def test_the_parameters_are_those_that_were_published(name, size, classes, parameters):
    assert builder(name)(spec(size), classes).count_params() == parameters


def test_mini_xceptions_shortcut_is_a_strided_convolution():
    network = builder('mini_xception')(spec(64), 7)
    subsample = next(layer for layer in network.layers if type(layer).__name__ == 'MaxPooling2D')
    images = np.random.default_rng(0).normal(size=(1, 7, 7, 1)).astype(np.float32)
    np.testing.assert_array_equal(subsample(images), images[:, ::2, ::2])


@pytest.mark.parametrize(
    ('side', 'expected'),
    [
        (2, [[[9, 8]]]),  # the convolution sees four ones among five zeros
        (3, [[[19, 18]]]),
        (4, [[[19, 18], [1, 0]], [[1, 0], [1, 0]]]),  # it has one pixel, the pooled map four
    ],
)
def test_dlibs_block_pads_the_smaller_map_and_the_fewer_channels_with_zeros(side, expected):
    inputs = keras.Input((side, side, 1))
    network = keras.Model(inputs, halving_block(inputs, 2))
    network.set_weights([np.full_like(value, value.ndim == 4) for value in network.get_weights()])
    np.testing.assert_array_equal(network(np.ones((1, side, side, 1), np.float32))[0], expected)


def test_what_dlibs_network_adds_up_stays_in_bounds_without_normalisation():
    keras.utils.set_random_seed(1)
    network = builder('dlib_resnet')(fitting('dlib_resnet', 96), 7)
    images = np.random.default_rng(0).uniform(0, 255, (4, 96, 96, 1)).astype(np.float32)
    assert 0.01 < np.abs(network(images)).mean() < 10
