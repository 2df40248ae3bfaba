"""Weights to begin with: each kind of file gives a network what it holds, all but the head, or says what does not fit."""

import shutil
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from mien.configs.errors import UsageError
from mien.models.architectures.architecture import InputSpec
from mien.models.architectures.registry import builder
from mien.models.package import sha256
from mien.models.training.fit import network as network_of
from mien.models.training.fit import open_source
from mien.models.training.recipe import identity
from mien.models.training.train import train
from mien.models.weights.begin import begin, take
from mien.models.weights.beginning import began_with

SIDE = 16


def backbone(widths=(4, 6), channels=3):
    """Two convolutions with normalisation, a separable one, and a branch."""
    inputs = keras.Input((SIDE, SIDE, channels))
    x = inputs
    for width in widths:
        x = layers.ReLU()(layers.BatchNormalization()(layers.Conv2D(width, 3, padding='same', use_bias=False)(x)))
    branch = layers.SeparableConv2D(5, 3, padding='same')(x)
    x = layers.Concatenate()([layers.Conv2D(5, 1)(x), branch])
    return shaken(keras.Model(inputs, x))


def classifier(inner, classes, grey=False, deep=False):
    """A network around a backbone."""
    inputs = keras.Input((SIDE, SIDE, 1 if grey else 3))
    x = layers.Dropout(0.1)(layers.GlobalMaxPooling2D()(inner(layers.Concatenate()([inputs] * 3) if grey else inputs)))
    x = layers.Dense(8)(x) if deep else x
    return keras.Model(inputs, layers.Dense(classes, name='logits')(x))


def shaken(model):
    """The network with weights that no initializer gives."""
    random = np.random.default_rng(1)
    model.set_weights([random.uniform(0.5, 1.5, value.shape).astype(value.dtype) for value in model.get_weights()])
    return model


def fresh():
    model = classifier(backbone(), 2, grey=True)
    model.set_weights([np.zeros_like(value) if value.dtype.kind == 'f' else value for value in model.get_weights()])
    return model


def keras_file(folder):
    backbone().save(folder / 'a.keras')
    return folder / 'a.keras'


def weights_file(folder):
    backbone().save_weights(folder / 'a.weights.h5')
    return folder / 'a.weights.h5'


def old_file(folder):
    backbone().save(folder / 'a.h5')
    return folder / 'a.h5'


def old_weights_alone(folder):
    """As Keras's own `..._notop.h5` are."""
    with h5py.File(old_file(folder)) as whole, h5py.File(folder / 'notop.h5', 'w') as file:
        for name, group in whole['model_weights'].items():
            whole.copy(group, file, name)
        file.attrs.update(whole['model_weights'].attrs)
    return folder / 'notop.h5'


def of_a_whole_network(ending):
    def write(folder):
        model = classifier(backbone(), 9, deep=True)
        (model.save_weights if ending == '.weights.h5' else model.save)(folder / f'whole{ending}')
        return folder / f'whole{ending}'

    return write


def partly_frozen(folder):
    """Keras 2 and 3 write a network inside a network as: what is trained, then what is not."""
    inner = backbone()
    for layer in inner.layers[:4]:
        layer.trainable = False
    classifier(inner, 9).save(folder / 'frozen.h5')
    return folder / 'frozen.h5'


def flattened(folder):
    """The backbone's layers stand in the network itself, as after `Model(base.input, ...(base.output))`."""
    base = backbone()
    x = layers.Dense(9)(layers.GlobalMaxPooling2D()(base.output))
    keras.Model(base.input, x).save(folder / 'flat.h5')
    return folder / 'flat.h5'


WRITERS = {
    'keras': keras_file,
    'weights.h5': weights_file,
    'h5': old_file,
    'notop.h5': old_weights_alone,
    'whole.keras': of_a_whole_network('.keras'),
    'whole.h5': of_a_whole_network('.h5'),
    'whole.weights.h5': of_a_whole_network('.weights.h5'),
    'frozen.h5': partly_frozen,
    'flat.h5': flattened,
}


@pytest.mark.parametrize('write', WRITERS.values(), ids=WRITERS.keys())
def test_all_but_the_head_is_taken_over(tmp_path, write):
    model, expected = fresh(), backbone().get_weights()
    take(model, str(write(tmp_path)))
    inner = next(layer for layer in model.layers if isinstance(layer, keras.Model))
    for value, wanted in zip(inner.get_weights(), expected, strict=True):
        np.testing.assert_array_equal(value, wanted)
    assert not any(value.any() for value in model.get_layer('logits').get_weights())


@pytest.mark.parametrize('write', WRITERS.values(), ids=WRITERS.keys())
def test_a_layer_that_does_not_fit_is_named(tmp_path, write):
    model = classifier(backbone(widths=(4, 7)), 2)
    second = [layer.name for layer in model.layers[1].layers if isinstance(layer, layers.Conv2D)][1]
    with pytest.raises(UsageError, match=f'layer {second} of 3x3x4x7.* does not fit: the file has .*3x3x4x6'):
        take(model, str(write(tmp_path)))


@pytest.mark.parametrize('write', WRITERS.values(), ids=WRITERS.keys())
def test_weights_of_another_network_are_refused(tmp_path, write):
    with pytest.raises(UsageError, match=r'does not fit.*name weights of this network'):
        take(builder('dcnn')(InputSpec(SIDE, 1, SIDE, 0.0, 1.0), 3), str(write(tmp_path)))


@pytest.mark.parametrize('name', ['x.keras', 'x.h5', 'x.weights.h5', 'x.pb', 'x.dat'])
def test_a_file_that_is_none_is_refused(tmp_path, name):
    (tmp_path / name).write_bytes(b'\xff\xfe no weights')
    with pytest.raises(UsageError, match=name) as raised:
        take(fresh(), str(tmp_path / name))
    assert '\n' not in str(raised.value)


def test_a_damaged_file_is_refused(tmp_path):
    path = old_file(tmp_path)
    with h5py.File(path, 'r+') as file:
        group = next(group for group in file['model_weights'].values() if len(group.attrs.get('weight_names', ())))
        del group[next(iter(group))]
    with pytest.raises(UsageError, match='damaged'):
        take(fresh(), str(path))


@pytest.mark.parametrize('name', ['w.h5', 'w.weights.h5'])
def test_an_hdf5_file_that_was_cut_off_is_refused(tmp_path, name):
    inputs = keras.Input((8,))
    network = keras.Model(inputs, keras.layers.Dense(2)(keras.layers.Dense(64)(inputs)))
    network.save_weights(tmp_path / name) if 'weights' in name else network.save(tmp_path / name)
    (tmp_path / name).write_bytes((tmp_path / name).read_bytes()[:-200])
    with pytest.raises(UsageError, match=r'is damaged .*truncated.*; copy it again'):
        take(network, str(tmp_path / name))


def test_numbers_are_not_read_out_of_other_files(tmp_path):
    """HDF5 can name another file as the place of an array."""
    path, secret = old_file(tmp_path), tmp_path / 'secret'
    secret.write_bytes(bytes(10_000))
    with h5py.File(path, 'r+') as file:
        group = next(group for group in file['model_weights'].values() if len(group.attrs.get('weight_names', ())))
        name = group.attrs['weight_names'][0]
        shape = group[name].shape
        del group[name]
        group.create_dataset(name, shape, 'float32', external=[(str(secret), 0, h5py.h5f.UNLIMITED)])
    with pytest.raises(UsageError, match='stands in another file'):
        take(fresh(), str(path))


def slim(model, path):
    """A graph with the constants that TF-slim's MobileNetV1 has, out of Keras's."""
    graph = tf.compat.v1.GraphDef()
    names = {'gamma': 'gamma', 'beta': 'beta', 'moving_mean': 'moving_mean', 'moving_variance': 'moving_variance'}
    for layer in model.layers:
        kind, _, number = layer.name.removesuffix('_bn').rpartition('_')
        slims = 'Conv2d_0' if layer.name.startswith('conv1') else f'Conv2d_{number}_{"depthwise" if kind == "conv_dw" else "pointwise"}'
        for weight in layer.weights:
            own = 'depthwise_weights' if slims.endswith('depthwise') else 'weights'
            name = f'MobilenetV1/{slims}/' + (f'BatchNorm/{names[weight.name]}' if layer.name.endswith('_bn') else own)
            graph.node.add(name=name, op='Const').attr['value'].tensor.CopyFrom(tf.make_tensor_proto(weight.numpy()))
    graph.node.add(name='MobilenetV1/Conv2d_0/BatchNorm/batchnorm/add/y', op='Const').attr['value'].tensor.CopyFrom(
        tf.make_tensor_proto(1e-3)
    )
    path.write_bytes(graph.SerializeToString())


def test_a_slim_graph_of_mobilenet_is_taken_over(tmp_path):
    trained = shaken(keras.applications.MobileNet(include_top=False, weights=None, input_shape=(32, 32, 3)))
    slim(trained, tmp_path / 'mobilenet.pb')
    model = builder('MobileNet')(InputSpec(32, 1, 32, 0.0, 1.0), 2)
    take(model, str(tmp_path / 'mobilenet.pb'))
    for value, wanted in zip(model.get_layer('backbone').get_weights(), trained.get_weights(), strict=True):
        np.testing.assert_array_equal(value, wanted)


def test_a_package_s_weights_are_taken_for_other_classes(dataset, package, train_config):
    config = train_config(weights=package.folder, classes=('neutral', 'surprise'))
    model = network_of(open_source(dataset, config), config)
    trained = keras.saving.load_model(Path(package.folder, 'model.keras'))
    pairs = list(zip(model.weights, trained.weights, strict=True))
    assert all(np.array_equal(ours, theirs) for ours, theirs in pairs[:-2])
    assert model.output_shape == (None, 2)
    assert began_with(config) == f'{Path(package.folder).name}@{package.files["model.keras"][:12]}'


def test_no_weights_leave_a_network_as_it_is(dataset, train_config):
    model = builder('compact_resnet')(InputSpec(32, 1, 32, 0.0, 1.0), 2)
    before = model.get_weights()
    begin(model, train_config())
    assert all(np.array_equal(value, same) for value, same in zip(model.get_weights(), before, strict=True))


@pytest.mark.parametrize(('weights', 'message'), [('nowhere.h5', 'no such file'), ('imagenet', 'no network of Keras Applications')])
def test_weights_that_are_not_to_be_had(dataset, train_config, tmp_path, weights, message):
    with pytest.raises(UsageError, match=f'weights {weights!r}.*{message}'):
        train([dataset.folder], str(tmp_path / 'out'), train_config(weights=weights), 'x')
    assert not (tmp_path / 'out.partial').exists()


@pytest.mark.parametrize('weights', ['inner.part:w.h5', '.inner:w.h5', 'inner:/etc/hostname', 'inner:../w.h5'])
def test_a_file_of_a_module_lies_below_it_and_nothing_of_the_module_is_run(tmp_path, monkeypatch, train_config, weights):
    part = tmp_path / 'inner/part'
    part.mkdir(parents=True)
    for folder in (part.parent, part):
        (folder / '__init__.py').write_text('raise SystemExit("it was run")')
        (folder / 'w.h5').write_bytes(b'')
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(UsageError, match=f'weights {weights!r}: must be MODULE:FILE, a module without dots and a path below its folder'):
        began_with(train_config(weights=weights))
    assert began_with(train_config(weights='inner:part/w.h5')).startswith('w.h5@e3b0c44298fc')  # SHA-256 of nothing


def test_a_training_is_told_by_what_is_in_the_file(train_config, tmp_path):
    first, second, copy = tmp_path / 'a.h5', tmp_path / 'b.h5', tmp_path / 'c.h5'
    first.write_bytes(b'one')
    second.write_bytes(b'two')
    shutil.copy(first, copy)
    told = [identity(train_config(weights=str(path)), 'faces@0') for path in (first, second, copy)]
    assert told[0]['weights'] == sha256(first)
    assert told[0] == told[2] != told[1]
    assert [began_with(train_config(weights=name)) for name in ('none', 'imagenet')] == ['none', 'imagenet']
    assert began_with(train_config(weights=str(first))) == 'a.h5@7692c3ad3540'  # SHA-256 of 'one', as sha256sum says
    assert began_with(train_config(architecture=str(second))) == 'b.h5@3fc4ccfe7458'
