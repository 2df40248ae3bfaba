"""A user's Keras file as an architecture: its scores are what the file itself gives for the same images."""

import json
import shutil
import zipfile
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest

from mien.configs.errors import UsageError
from mien.models.architectures.architecture import InputSpec
from mien.models.architectures.keras_file import Meaning, around, builder, side
from mien.models.evaluation.evaluate import evaluate
from mien.models.training.train import train
from mien.models.weights.layer_weights import leaves


def trained(side=20, channels=1, classes=3, activation='softmax'):
    """A small network with a head that is not nearly zero."""
    inputs = keras.Input((side, side, channels))
    x = keras.layers.Conv2D(4, 3, activation='relu', kernel_initializer='he_normal')(inputs)
    x = keras.layers.Dense(classes, kernel_initializer='he_normal', activation=activation)(keras.layers.GlobalAveragePooling2D()(x))
    return keras.Model(inputs, x)


def images(side, channels, count=5):
    return np.random.default_rng(3).uniform(0, 255, (count, side, side, channels)).astype(np.float32)


def softmax(logits):
    return np.asarray(keras.ops.softmax(logits))


@pytest.mark.parametrize('ending', ['.keras', '.h5'])
@pytest.mark.parametrize(('said', 'factor', 'offset'), [('0..255', 1, 0), ('0..1', 1 / 255, 0), ('-1..1', 2 / 255, -1)])
def test_a_file_is_given_the_range_that_it_expects(tmp_path, ending, said, factor, offset):
    model, path = trained(), str(tmp_path / f'net{ending}')
    model.save(path)
    network = around(path, Meaning(said))(InputSpec(20, 1, 20, 0.0, 1.0), 3)
    np.testing.assert_allclose(softmax(network(images(20, 1))), model(images(20, 1) * factor + offset), atol=1e-5)


def test_outputs_that_are_logits_stay_logits(tmp_path):
    model, path = trained(activation=None), str(tmp_path / 'net.keras')
    model.save(path)
    np.testing.assert_allclose(builder(path)(InputSpec(20, 1, 20, 0.0, 1.0), 3)(images(20, 1)), model(images(20, 1)), rtol=1e-5, atol=1e-5)


def test_outputs_are_put_into_the_order_of_the_training(tmp_path):
    model, path = trained(), str(tmp_path / 'net.keras')
    model.save(path)
    network = around(path, Meaning('0..255', (2, 0, 1)))(InputSpec(20, 1, 20, 0.0, 1.0), 3)
    np.testing.assert_allclose(softmax(network(images(20, 1))), np.asarray(model(images(20, 1)))[:, [2, 0, 1]], atol=1e-5)


def test_classes_are_in_the_order_in_which_they_are_said(train_config):
    said = train_config(classes=('surprise', 'neutral'))
    assert Meaning.of(said, ('neutral', 'surprise')).order == (1, 0)
    assert Meaning.of(train_config(), ('neutral', 'surprise')).order is None


@pytest.mark.parametrize(('channels', 'wanted'), [(1, 3), (3, 1), (3, 3)])
def test_crops_of_another_size_and_colour_are_adapted(tmp_path, channels, wanted):
    model, path = trained(channels=wanted), str(tmp_path / 'net.keras')
    model.save(path)
    network = builder(path)(InputSpec(10, channels, 20, 0.0, 1.0), 3)
    level = np.full((1, 10, 10, channels), 90.0, np.float32)  # one grey, which no resizing changes
    np.testing.assert_allclose(softmax(network(level)), model(np.full((1, 20, 20, wanted), 90.0, np.float32)), atol=1e-4)
    assert side(path) == 20


def test_a_file_of_any_side_works_on_the_crops(tmp_path):
    path = str(tmp_path / 'net.keras')
    trained(side=None).save(path)
    assert side(path) is None
    assert builder(path)(InputSpec(24, 1, 24, 0.0, 1.0), 3)(images(24, 1)).shape == (5, 3)


class Shout(keras.layers.Layer):
    """A layer that only this test knows."""


def save_flat(path):
    inputs = keras.Input((9,))
    keras.Model(inputs, keras.layers.Dense(3)(inputs)).save(path)


def save_endless(path):
    model = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(3)])
    model.save(path)


def save_deep(path):
    inputs = keras.Input((None, None, 1))
    x = keras.layers.Conv2D(2, 15)(keras.layers.Conv2D(2, 15)(inputs))
    keras.Model(inputs, keras.layers.Dense(3)(keras.layers.GlobalAveragePooling2D()(x))).save(path)


def save_weightless(path):
    keras.Sequential([keras.Input((20, 20, 3)), keras.layers.GlobalAveragePooling2D()]).save(path)


def save_lambda(path):
    keras.Sequential([keras.Input((20, 20, 1)), keras.layers.Lambda(lambda x: x * 2), keras.layers.Flatten(), keras.layers.Dense(3)]).save(
        path
    )


def save_config(path, text, encrypted=False, method=0):
    """A Keras file whose config is a text, said to be encrypted, or to be packed in another way."""
    with zipfile.ZipFile(path, 'w') as archive:
        archive.writestr('config.json', text)
    content = Path(path).read_bytes()
    entry = content.rindex(b'PK\x01\x02')  # of the directory at the end: two bytes of flags, two of the method
    changed = content[: entry + 8] + bytes([encrypted, 0, method, 0]) + content[entry + 12 :]
    Path(path).write_bytes(content[:6] + bytes([encrypted, 0, method, 0]) + changed[10:])


def save_number(path):
    with h5py.File(path, 'w') as file:
        file.attrs['model_config'] = 7


def save_custom(path):
    keras.Sequential([keras.Input((20, 20, 1)), Shout(), keras.layers.Flatten(), keras.layers.Dense(3)]).save(path)


@pytest.mark.parametrize(
    ('name', 'write', 'message'),
    [
        ('a.keras', lambda path: None, 'no such file'),
        ('a.keras', lambda path: Path(path).write_bytes(b'no model'), 'is no Keras file'),
        ('a.h5', lambda path: Path(path).write_bytes(b'no model'), 'is no Keras file'),
        ('a.keras', lambda path: save_config(path, '[' * 100_000), 'is no Keras file'),
        ('a.keras', lambda path: save_config(path, '[' * 400 + '{"class_name": "Lambda"}' + ']' * 400), 'Lambda layer'),
        ('a.keras', lambda path: save_config(path, '{}', encrypted=True), 'is no Keras file'),
        ('a.keras', lambda path: save_config(path, '{}', method=99), 'is no Keras file'),
        ('a.h5', save_number, 'is no Keras file'),
        (
            'a.h5',
            lambda path: (
                trained().save_weights(path.replace('.h5', '.weights.h5')) or shutil.move(path.replace('.h5', '.weights.h5'), path)
            ),
            'weights alone',
        ),
        ('a.keras', save_lambda, 'Lambda layer'),
        ('a.h5', save_lambda, 'Lambda layer'),
        ('a.h5', save_custom, 'cannot load it'),
        ('a.keras', save_endless, 'its input is None; it must be one square image'),
        ('a.keras', save_flat, r'its input is \(None, 9\)'),
        ('a.keras', lambda path: trained(classes=7).save(path), r'its output is \(None, 7\), the training has 3 classes'),
        ('a.keras', lambda path: trained(side=32).save(path), 'takes 32 pixels, not 20'),
        ('a.keras', save_deep, 'cannot take 20 pixels .*; say --input-size'),
        ('a.keras', save_weightless, 'its network has no weights to train'),
    ],
)
def test_what_does_not_fit_is_one_line(tmp_path, name, write, message):
    path = str(tmp_path / name)
    write(path)
    with pytest.raises(UsageError, match=message) as raised:
        builder(path)(InputSpec(20, 1, 20, 0.0, 1.0), 3)
    assert name in str(raised.value)
    assert '\n' not in str(raised.value)


def test_no_epochs_make_a_package_of_the_file_as_it_is(dataset, train_config, tmp_path):
    model, path = trained(), str(tmp_path / 'mine.keras')
    model.save(path)
    config = train_config(architecture=path, epochs=0, exports=(), classes=('surprise', 'neutral', 'happiness'), input_range='0..1')
    package = train([dataset.folder], str(tmp_path / 'out'), config, 'mien train')
    assert package.name == 'mine'
    assert package.classes == dataset.classes
    metrics = json.loads((tmp_path / 'out/metrics.json').read_text())
    assert metrics['history'] == []
    assert metrics['recipe']['epochs'] == 0
    crops = images(32, 1).astype(np.uint8)
    small = keras.ops.image.resize(crops.astype(np.float32), (20, 20)) / 255
    shares = np.asarray(model(small))[:, [1, 2, 0]] ** (1 / package.temperature)
    from mien.models.interpreter import Labeller

    labelled = Labeller(package.export_path.read_bytes()).predict(crops)
    np.testing.assert_allclose(labelled, shares / shares.sum(axis=1, keepdims=True), atol=1e-4)
    assert evaluate(package.folder, dataset.folder, 'test').metrics.examples == 40


@pytest.mark.slow
@pytest.mark.parametrize('ending', ['.keras', '.h5'])
def test_a_file_is_trained_on(dataset, train_config, tmp_path, ending):
    keras.utils.set_random_seed(1)  # a network of so few filters may begin with none that is ever positive
    model, path = trained(), str(tmp_path / f'mine{ending}')
    model.save(path)
    config = train_config(architecture=path, epochs=1, exports=(), learning_rate=0.01, input_range='0..1')
    package = train([dataset.folder], str(tmp_path / 'out'), config, 'mien train')
    assert package.name == 'mine'
    taught = keras.saving.load_model(tmp_path / 'out/model.keras')
    kernels = [next(layer.kernel for layer in leaves(one) if hasattr(layer, 'kernel')).numpy() for one in (model, taught)]
    assert kernels[0].shape == kernels[1].shape
    assert 0 < np.abs(kernels[0] - kernels[1]).max() < 0.1  # six steps of about 0.01 from what the file holds


def test_no_epochs_of_nothing_are_refused(dataset, train_config, tmp_path):
    with pytest.raises(UsageError, match='epochs 0: compact_resnet has no head'):
        train([dataset.folder], str(tmp_path / 'out'), train_config(epochs=0), 'mien train')
    trained().save(tmp_path / 'mine.keras')
    config = train_config(architecture=str(tmp_path / 'mine.keras'), weights='imagenet')
    with pytest.raises(UsageError, match='brings its own'):
        train([dataset.folder], str(tmp_path / 'out'), config, 'mien train')
