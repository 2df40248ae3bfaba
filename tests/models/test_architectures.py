"""The contract that every architecture inherits, and the parameter counts of the published ones."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from mien.configs.errors import UsageError
from mien.configs.load import load
from mien.configs.schema import TrainConfig
from mien.models.architectures.architecture import InputSpec
from mien.models.architectures.dlib_resnet import halving_block
from mien.models.architectures.registry import ARCHITECTURES, builder, smallest
from mien.models.compare.recipes import recipe_of
from mien.models.data.graph import TransformGraph
from mien.models.exporting.export import LabellingModel, tflite
from mien.models.interpreter import Labeller
from mien.models.training.fit import fit, open_source
from mien.models.training.fit import network as network_of
from mien.models.weights.layer_weights import leaves

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


@pytest.mark.slow
@EVERY
def test_an_epoch_of_its_recipe_trains_it_and_a_file_keeps_it(name, dataset, tmp_path):
    changes = {'architecture': name, 'epochs': 1, 'frozen_epochs': 0, 'fine_tuning_rate': None, 'weights': 'none', 'teachers': ()}
    config = load(TrainConfig, 'train', recipe_of(name, {}), changes | {'batch_size': 48, 'input_size': max(48, smallest(name))})
    fitted = fit(open_source(dataset, config), config, tmp_path, tmp_path / 'logs')
    (epoch,) = fitted.progress.history
    assert np.isfinite(list(epoch.values())).all()
    images = np.random.default_rng(0).uniform(0, 255, (3, *fitted.network.input_shape[1:])).astype(np.float32)
    fitted.network.save(tmp_path / 'model.keras')
    again = keras.saving.load_model(tmp_path / 'model.keras', safe_mode=True)
    np.testing.assert_array_equal(again(images), fitted.network(images))
    assert {weight.dtype for weight in again.weights} == {'float32'}
    keras.utils.set_random_seed(config.seed + 1)
    begun = network_of(open_source(dataset, config), config)
    kernels = [next(layer.kernel for layer in leaves(network) if hasattr(layer, 'kernel')) for network in (begun, again)]
    assert not np.array_equal(*kernels)  # not the head alone has learned


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
        ('compact_resnet', 48, 8, 617_816),
        # dlib's 5,574,720 before its last layer, less two of the first kernel's three channels, and ours
        ('dlib_resnet', 96, 8, 5_574_720 - 2 * 7 * 7 * 32 + 8 * (256 + 1)),
        # its first 21 convolutions; 128 to 192 and 192 to 192; ours
        ('face_resnet', 96, 8, 1_148_992 - 2 * 7 * 7 * 32 + 192 * (9 * 128 + 1) + 192 * (9 * 192 + 1) + 8 * (192 + 1)),
    ],
)
def test_the_parameters_are_those_that_were_published(name, size, classes, parameters):
    assert builder(name)(spec(size), classes).count_params() == parameters


@pytest.mark.parametrize(('name', 'range_'), [('mini_xception', (-1, 1)), ('dcnn', (0, 1)), ('fernet', (0, 1))])
def test_images_are_scaled_as_published(name, range_):
    scaling = next(layer for layer in builder(name)(spec(48), 7).layers if isinstance(layer, keras.layers.Rescaling))
    np.testing.assert_allclose(scaling(np.array([0.0, 255.0], np.float32)), range_)


def test_the_dcnn_is_built_as_published():
    conv = [('conv', filters, kernel, 'same', 'elu', 'he_normal', None) for filters, kernel in ((64, 5), (128, 3), (256, 3))]
    pairs = [(*(2 * [one, 'norm']), 'pool', drop) for one, drop in zip(conv, (0.4, 0.4, 0.5), strict=True)]
    hidden = [('dense', 128, 'elu', 'he_normal'), 'norm', 0.6, ('dense', 7, 'linear', 'glorot_uniform')]
    assert described('dcnn') == [*(part for pair in pairs for part in pair), *hidden]


def test_fernet_is_built_as_published():
    plain = [('conv', filters, 3, 'same', 'relu', 'glorot_uniform', None) for filters in (32, 64)]
    penalized = [('conv', filters, 3, padding, 'relu', 'glorot_uniform', 0.01) for filters, padding in ((128, 'same'), (256, 'valid'))]
    hidden = [('dense', 1024, 'relu', 'glorot_uniform'), 0.5, ('dense', 7, 'linear', 'glorot_uniform')]
    assert described('fernet') == [*plain, 'norm', 'pool', 0.25, *penalized, 'norm', 'pool', 0.25, *hidden]


INITIALIZERS = {keras.initializers.HeNormal: 'he_normal', keras.initializers.GlorotUniform: 'glorot_uniform'}


def initializer(layer):
    return INITIALIZERS[type(layer.kernel_initializer)]


def described(name):
    """What decides of each layer with weights, each pooling and each dropout, in order."""
    kinds = {
        layers.Conv2D: lambda layer: (
            'conv',
            layer.filters,
            layer.kernel_size[0],
            layer.padding,
            layer.activation.__name__,
            initializer(layer),
            layer.kernel_regularizer and round(float(layer.kernel_regularizer.l2), 6),
        ),
        layers.Dense: lambda layer: ('dense', layer.units, layer.activation.__name__, initializer(layer)),
        layers.BatchNormalization: lambda layer: 'norm',
        layers.MaxPooling2D: lambda layer: 'pool',
        layers.Dropout: lambda layer: layer.rate,
    }
    network = builder(name)(spec(48), 7)
    return [kinds[type(layer)](layer) for layer in network.layers if type(layer) in kinds]


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
