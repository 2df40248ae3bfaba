"""Keras Applications as architectures: own preprocessing, frozen and fine-tuned phases, ImageNet's weights."""

import os
import subprocess
import sys
from http.client import IncompleteRead

import keras
import numpy as np
import pytest
from keras import layers

from mien.configs.errors import UsageError
from mien.models.architectures.architecture import InputSpec
from mien.models.architectures.registry import builder, smallest, transferable
from mien.models.architectures.transfer import take_imagenet
from mien.models.training.fit import fit, network, open_source
from mien.models.weights.begin import begin
from mien.models.weights.layer_weights import leaves

CORRUPTED = 'Incomplete or corrupted file detected. The md5 file hash does not match the provided value of 0.'
COMMAND = 'import sys; from mien.pipelines.cli import main; sys.exit(main(sys.argv[1:]))'


def pixels(side, channels):
    return np.random.default_rng(2).uniform(0, 255, (2, side, side, channels)).astype(np.float32)


def behind(model, features):
    """Logits of a backbone's features."""
    return model.get_layer('logits')(features.numpy().mean(axis=(1, 2)))


def nameless(network):
    """What its layers do; names are counted over all networks."""
    return [layer.get_config() | {'name': type(layer).__name__} for layer in leaves(network)]


@pytest.mark.parametrize(
    ('name', 'scaled'),
    [('MobileNet', lambda x: x / 127.5 - 1), ('VGG16', lambda x: x[..., ::-1] - np.array([103.939, 116.779, 123.68]))],
)
def test_a_network_scales_as_its_authors_did(name, scaled):
    """Papers: MobileNet to -1..1, VGG blue, green, red less ImageNet's means."""
    model = builder(name)(InputSpec(32, 3, 32, 0.0, 1.0), 3)
    features = model.get_layer('backbone')(scaled(pixels(32, 3)).astype(np.float32))
    np.testing.assert_allclose(model(pixels(32, 3)), behind(model, features), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(
    'name', [pytest.param(name, marks=[] if name == 'EfficientNetV2B0' else pytest.mark.slow) for name in transferable()]
)
def test_every_network_is_built_around_its_backbone(name):
    """What Keras makes must not depend on what we call it: EfficientNetV2 looks its blocks up by the name that it is given."""
    side = max(48, smallest(name))
    model = builder(name)(InputSpec(48, 1, side, 0.0, 1.0), 3)
    alone = getattr(keras.applications, name)(include_top=False, weights=None, input_shape=(side, side, 3))
    assert nameless(model.get_layer('backbone')) == nameless(alone)
    assert model.output_shape == (None, 3)


def test_a_grey_crop_is_a_photo_of_three_equal_channels():
    grey, colour = (builder('MobileNet')(InputSpec(32, channels, 32, 0.0, 1.0), 3) for channels in (1, 3))
    colour.set_weights(grey.get_weights())
    np.testing.assert_allclose(grey(pixels(32, 1)), colour(np.repeat(pixels(32, 1), 3, axis=3)), rtol=1e-4, atol=1e-6)


def test_a_network_is_saved_and_loaded_safely(tmp_path):
    model = builder('MobileNet')(InputSpec(24, 1, 32, 0.0, 1.0), 3)
    model.save(tmp_path / 'a.keras')
    loaded = keras.saving.load_model(tmp_path / 'a.keras', safe_mode=True)
    np.testing.assert_array_equal(loaded(pixels(24, 1)), model(pixels(24, 1)))


def small(spec, classes):
    """A network with a backbone inside, as those of Keras Applications have."""
    inner = keras.Input((spec.crop, spec.crop, 1))
    x = layers.Dropout(0.2)(layers.BatchNormalization()(layers.Conv2D(4, 5, strides=3)(inner)))
    inputs = keras.Input((spec.crop, spec.crop, 1))
    x = keras.Model(inner, x, name='backbone')(layers.Rescaling(1 / 255)(inputs))
    return keras.Model(inputs, layers.Dense(classes, name='logits')(layers.Flatten()(x)))


@pytest.fixture
def phased(dataset, train_config, tmp_path):
    """Trains `small` for some epochs, two of them frozen, in a journal of some name; gives its weights and history."""

    def run(journal, epochs):
        config = train_config(architecture=f'{__name__}:small', epochs=epochs, frozen_epochs=2, fine_tuning_rate=3e-4, ema=0.9)
        (tmp_path / journal).mkdir(exist_ok=True)
        fitted = fit(open_source(dataset, config), config, tmp_path / journal, tmp_path / 'logs')
        return fitted.network.get_weights(), fitted.progress.history

    return run


@pytest.mark.slow
def test_a_training_that_ends_before_and_at_the_thaw_goes_on_to_the_same(phased):
    weights, history = phased('whole', 3)
    for done in (1, 2):
        phased('killed', done)
    resumed, same = phased('killed', 3)
    assert same == history
    assert all(np.array_equal(value, other) for value, other in zip(weights, resumed, strict=True))
    assert [epoch['learning_rate'] for epoch in history] == pytest.approx([1e-3, 1e-3, 3e-4])


@pytest.mark.slow
def test_a_frozen_backbone_keeps_weights_and_statistics_and_learns_once_thawed(dataset, train_config, tmp_path):
    seen = {}
    for epochs in (1, 2):
        config = train_config(architecture=f'{__name__}:small', epochs=epochs, frozen_epochs=1)
        source = open_source(dataset, config)
        (tmp_path / 'journal').mkdir(exist_ok=True)
        fit(source, config, tmp_path / 'journal', tmp_path / 'logs')
        with np.load(tmp_path / 'journal/epoch.npz') as state:  # not the best epoch but the last
            seen[epochs] = [state[f'{index:05d}'] for index in range(len(network(source, config).weights))]
    keras.utils.clear_session()
    keras.utils.set_random_seed(config.seed + 1)
    fresh = network(source, config)
    names = [weight.path for weight in fresh.weights]
    changed = {
        epochs: [path for path, value, other in zip(names, values, fresh.weights, strict=True) if not np.array_equal(value, other)]
        for epochs, values in seen.items()
    }
    assert changed[1] == ['logits/kernel', 'logits/bias']
    assert set(changed[2]) == set(names)  # the moving mean and variance among them


@pytest.mark.slow
def test_imagenet_without_network_is_one_line(dataset, tmp_path):
    closed = dict.fromkeys(('http_proxy', 'https_proxy', 'HTTP_PROXY', 'HTTPS_PROXY'), 'http://127.0.0.1:9')
    environment = {name: value for name, value in os.environ.items() if name.lower() != 'no_proxy'}
    command = [sys.executable, '-c', COMMAND, 'train', dataset.folder, '--out', tmp_path / 'out', '--architecture', 'MobileNet']
    done = subprocess.run(
        [*command, '--weights', 'imagenet'], env=environment | closed | {'KERAS_HOME': str(tmp_path)}, capture_output=True, text=True
    )
    assert done.returncode == 2
    lines = done.stderr.splitlines()
    assert lines[-1].startswith("mien: weights 'imagenet': Keras cannot download those of MobileNet (URL fetch failure on https://")
    assert 'give --weights FILE' in lines[-1]
    assert 'Traceback' not in done.stderr


@pytest.mark.parametrize(
    'error', [TimeoutError('The read operation timed out'), ConnectionResetError('by peer'), IncompleteRead(b''), ValueError(CORRUPTED)]
)
def test_a_download_that_breaks_off_is_one_line(monkeypatch, error):
    def broken(*_, **__):
        raise error

    network = builder('MobileNet')(InputSpec(32, 3, 32, 0.0, 1.0), 2)
    monkeypatch.setattr('keras.src.utils.file_utils.get_file', broken)
    with pytest.raises(UsageError, match=r'Keras cannot download those of MobileNet \(.+\); give --weights FILE'):
        take_imagenet(network, 'MobileNet')


def test_a_bug_is_not_called_a_download(monkeypatch):
    def broken(*_, **__):
        raise ValueError('shapes differ')

    network = builder('MobileNet')(InputSpec(32, 3, 32, 0.0, 1.0), 2)
    monkeypatch.setattr('keras.src.utils.file_utils.get_file', broken)
    with pytest.raises(ValueError, match='shapes differ'):
        take_imagenet(network, 'MobileNet')


def stem(backbone):
    """What comes out of an EfficientNet's first convolution."""
    return keras.Model(backbone.input, backbone.get_layer('stem_activation').output)(pixels(32, 3)).numpy()


def test_imagenet_comes_with_its_scaling(tmp_path, monkeypatch, train_config):
    """EfficientNet: Keras builds another graph for its file than for none; both must see the same features."""
    make = keras.applications.EfficientNetB0
    file = make(include_top=False, weights=None, input_shape=(32, 32, 3))
    file.layers[2].set_weights([np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225]), np.array(0)])
    file.save(tmp_path / 'efficient_notop.h5')
    monkeypatch.setattr('keras.src.utils.file_utils.get_file', lambda *_, **__: str(tmp_path / 'efficient_notop.h5'))
    expected = stem(make(include_top=False, weights='imagenet', input_shape=(32, 32, 3)))
    assert np.abs(expected - stem(file)).max() > 0.1
    for weights in ('imagenet', str(tmp_path / 'efficient_notop.h5')):
        model = builder('EfficientNetB0')(InputSpec(32, 3, 32, 0.0, 1.0), 2)
        begin(model, train_config(architecture='EfficientNetB0', weights=weights))
        np.testing.assert_allclose(stem(model.get_layer('backbone')), expected, rtol=1e-4, atol=1e-5)
