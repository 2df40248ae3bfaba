"""Files as dlib writes them: what is read out of them, by which network it is taken, and what is refused."""

import math
from contextlib import suppress

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien.configs.errors import UsageError
from mien.models.architectures.architecture import InputSpec
from mien.models.architectures.registry import builder
from mien.models.weights.begin import take
from mien.models.weights.dlib_weights import read

STAGES = [(32, 3), (64, 4), (128, 3), (256, 3), (256, 1)]  # width and blocks of `anet_type`


def number(value):
    """dlib's `serialize.h`: a byte that says sign and length, and the value in as few bytes as it needs, the least first."""
    size = max(1, math.ceil(abs(value).bit_length() / 8))
    return bytes([size | (128 if value < 0 else 0)]) + abs(value).to_bytes(size, 'little')


def text(letters):
    return number(len(letters)) + letters.encode()


def tensor(values, *shape):
    return b''.join(map(number, (2, *shape))) + np.asarray(values, '<f4').tobytes()


def convolution(filters, biases, affine):
    """(out, in, height, width), (out), (2, out); then strides, and other things that nobody asks for."""
    out, _, height, width = filters.shape
    values = np.concatenate([filters.ravel(), biases])
    form = b''.join(map(number, (out, height, width, 1, 1, -1, 0)))
    return text('con_4') + tensor(values, len(values), 1, 1, 1) + form + text('affine_') + tensor(affine, 2 * out, 1, 1, 1) + number(1)


def whole(*layers):
    last = text('fc_2') + number(2) + number(3) + tensor(np.ones(6), 3, 2, 1, 1)
    return number(1) + text('loss_metric_2') + b'\x03\x0a\xd7\xa3' + b''.join(layers) + last


def layer(random, out, channels, height, width):
    return random.normal(size=(out, channels, height, width)), random.normal(size=out), random.normal(size=(2, out))


def small():
    random = np.random.default_rng(3)
    return whole(convolution(*layer(random, 2, 3, 3, 2)), convolution(*layer(random, 1, 2, 1, 1)))


@given(shapes=st.lists(st.tuples(*[st.integers(1, 4)] * 4), min_size=1, max_size=3), seed=st.integers(0, 9))
def test_a_convolution_and_the_affine_layer_after_it_become_one(tmp_path_factory, shapes, seed):
    random = np.random.default_rng(seed)
    layers = [layer(random, *shape) for shape in shapes]
    path = tmp_path_factory.mktemp('dlib') / 'a.dat'
    path.write_bytes(whole(*(convolution(*one) for one in layers)))
    for found, (filters, biases, (scale, shift)) in zip(read(str(path), 3), layers, strict=True):
        kernel, bias = found.values
        patch = random.normal(size=filters.shape[1:])  # what one place of an image shows to all filters
        expected = ((filters * patch).sum(axis=(1, 2, 3)) + biases) * scale + shift
        np.testing.assert_allclose(np.einsum('ihw,hwio->o', patch, kernel) + bias, expected, rtol=1e-4, atol=1e-4)


def refused(path, content):
    path.write_bytes(content)
    with pytest.raises(UsageError, match=r'a\.dat.*is no whole network of dlib') as raised:
        read(str(path), 1)
    assert '\n' not in str(raised.value)


def test_a_file_that_was_cut_off_is_refused_wherever(tmp_path):
    for length in range(len(small())):
        refused(tmp_path / 'a.dat', small()[:length])


@given(content=st.binary(max_size=300))
def test_bytes_that_are_no_network_are_refused(tmp_path_factory, content):
    refused(tmp_path_factory.mktemp('dlib') / 'a.dat', content)


@given(data=st.data())
def test_a_damaged_file_is_read_or_refused(tmp_path_factory, data):
    content = bytearray(small())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp('dlib') / 'a.dat'
    path.write_bytes(content)
    with suppress(UsageError):
        assert all(np.isfinite(value).all() for one in read(str(path), 1) for value in one.values)


@pytest.mark.parametrize(
    'content',
    [
        pytest.param(whole(), id='no convolution'),
        pytest.param(whole(text('con_4') + tensor(np.ones(3), 1 << 100, 1, 1, 1)), id='more numbers than there are'),
        pytest.param(whole(text('con_4') + tensor([], 0, 1, 1, 1)), id='no numbers'),
        pytest.param(whole(text('con_4') + tensor(np.ones(3), -3, -1, 1, 1)), id='a negative side'),
        pytest.param(whole(text('con_4') + tensor(np.ones(5), 5, 1, 1, 1) + number(2) + number(3) + number(3)), id='half a filter'),
        pytest.param(whole(convolution(np.ones((2, 1, 1, 1)), np.ones(2), np.ones((2, 2)))[:45]), id='no affine layer'),
        pytest.param(whole(text('affine_') + tensor(np.ones(2), 2, 1, 1, 1)), id='no convolution before it'),
        pytest.param(whole(convolution(np.full((1, 1, 1, 1), np.nan), np.ones(1), np.ones((2, 1)))), id='no number'),
        pytest.param(whole(convolution(np.full((1, 1, 1, 1), 1e30), np.ones(1), np.full((2, 1), 1e30))), id='overflow'),
    ],
)
def test_what_is_no_network_is_refused(tmp_path, content):
    refused(tmp_path / 'a.dat', content)


@pytest.fixture(scope='module')
def faces(tmp_path_factory):
    """A file with the layers of dlib's face recognition."""
    random, path = np.random.default_rng(0), tmp_path_factory.mktemp('dlib') / 'faces.dat'
    widths = [width for width, blocks in STAGES for _ in range(2 * blocks)]
    shapes = [(32, 3, 7, 7), *((out, into, 3, 3) for into, out in zip([32, *widths], widths, strict=False))]
    layers = []
    for shape in shapes:
        filters, biases, affine = layer(random, *shape)
        layers.append(convolution(filters / math.sqrt(math.prod(shape[1:])), biases / 10, affine / 2))
    path.write_bytes(whole(*layers))
    return str(path)


def network(name, channels):
    return builder(name)(InputSpec(96, channels, 96, 0.0, 1.0), 4)


def features(model, images):
    return keras.Model(model.input, model.layers[-2].input)(images).numpy()


def test_a_grey_network_gives_grey_faces_the_features_of_the_colour_network(faces):
    grey, colour = network('dlib_resnet', 1), network('dlib_resnet', 3)
    take(grey, faces)
    take(colour, faces)
    images = np.random.default_rng(1).uniform(0, 255, (2, 96, 96, 1)).astype(np.float32)
    expected = features(colour, np.repeat(images, 3, axis=-1))
    assert expected.std() > 0.01
    np.testing.assert_allclose(features(grey, images), expected, atol=1e-4 * expected.max())


def test_the_shallow_network_begins_with_the_layers_that_it_shares_and_says_what_begins_anew(faces, capsys):
    model = network('face_resnet', 3)
    before = {one.path: one.numpy() for one in model.weights}
    take(model, faces)
    convolutions = [one for one in model.layers if isinstance(one, keras.layers.Conv2D)]
    for one, there in zip(convolutions[:21], read(faces, 3), strict=False):
        for value, expected in zip(one.weights, there.values, strict=True):
            np.testing.assert_array_equal(value, expected)
    for one in [*convolutions[21:], model.get_layer('logits')]:
        assert all(np.array_equal(value, before[value.path]) for value in one.weights)
    take(model, faces)
    assert capsys.readouterr().out == f'weights {faces!r}: taken for 21 layers; fresh_1, fresh_2 and logits begin anew\n'


@pytest.mark.parametrize(
    ('name', 'message'),
    [
        ('compact_resnet', r'of 3x3x1x16 does not fit: the file has convolution 1 of 7x7x1x32, 32'),
        ('MobileNet', r'of 3x3x3x32 does not fit: the file has convolution 1 of 7x7x1x32, 32'),
    ],
)
def test_another_network_does_not_take_them(faces, name, message):
    with pytest.raises(UsageError, match=f'layer .*{message}; name weights of this network'):
        take(network(name, 1), faces)


@pytest.mark.parametrize('name', ['face_resnet', 'dlib_resnet'])
def test_another_file_of_dlibs_is_refused(tmp_path, name):
    (tmp_path / 'other.dat').write_bytes(small())
    with pytest.raises(UsageError, match='of 7x7x3x32, 32 does not fit: the file has convolution 1 of 3x2x3x2, 2'):
        take(network(name, 3), str(tmp_path / 'other.dat'))


def test_what_a_network_of_its_own_kind_has_is_taken_whole(tmp_path):
    """Where a file has the layers that begin anew with another network's, they are taken, too."""
    trained, model = network('face_resnet', 1), network('face_resnet', 1)
    trained.save(tmp_path / 'a.h5')
    take(model, str(tmp_path / 'a.h5'))
    for value, expected in zip(model.weights[:-2], trained.weights[:-2], strict=True):
        np.testing.assert_array_equal(value, expected)
