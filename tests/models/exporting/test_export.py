"""Training and labelling share one preprocessing graph: change it, and both change. A network within a network keeps its weights."""

import shutil
from functools import partial

import apache_beam as beam
import keras
import numpy as np
import pytest
import tensorflow_transform.beam as tft_beam

from mien.models.architectures.architecture import InputSpec
from mien.models.architectures.registry import builder
from mien.models.data.dataset import Dataset
from mien.models.data.graph import TransformGraph
from mien.models.data.records import Source
from mien.models.exporting.export import LabellingModel, tflite
from mien.models.exporting.int8 import int8
from mien.models.interpreter import Labeller
from mien.transforms.preprocess import adapter_config, crop_sums, preprocess, record_batch


def negative(inputs, classes):
    outputs = preprocess(inputs, classes)
    return outputs | {'image': 255.0 - outputs['image']}


def test_a_changed_graph_changes_training_and_labelling(dataset, tmp_path):
    folder = shutil.copytree(dataset.folder, tmp_path / 'negative')
    batch = record_batch([crop_sums('neutral', np.zeros((32, 32, 1), np.uint8))])
    with beam.Pipeline(runner='FnApiRunner') as pipeline, tft_beam.Context(temp_dir=str(tmp_path / 'temporary')):
        analysis = tft_beam.AnalyzeDataset(partial(negative, classes=dataset.classes))
        _ = (pipeline | beam.Create([batch]), adapter_config(dataset.crop)) | analysis | tft_beam.WriteTransformFn(str(folder))
    changed = Dataset.load(folder)
    graphs = [TransformGraph(which) for which in (dataset, changed)]
    images = [next(Source(dataset, dataset.classes, graph).evaluation('test').as_numpy_iterator())[0] for graph in graphs]
    np.testing.assert_allclose(images[1], 255 - images[0])

    network = builder('compact_resnet')(InputSpec(32, 1, 32, 120.0, 4000.0), 3)
    labellers = [Labeller(tflite(LabellingModel(graph, network, dataset.crop, 1.0))) for graph in graphs]
    crops = images[0][:8].astype(np.uint8)
    np.testing.assert_allclose(labellers[1].predict(crops), labellers[0].predict(255 - crops), atol=1e-5)
    assert np.abs(labellers[1].predict(crops) - labellers[0].predict(crops)).max() > 1e-3


@pytest.mark.slow
def test_a_network_within_a_network_keeps_its_weights(dataset):
    source = Source(dataset, dataset.classes, TransformGraph(dataset))
    crops = next(source.crops('test'))[0]
    network = nested(source.graph(crops)['image'])
    model = LabellingModel(source.graph, network, dataset.crop, 1.0)
    expected = model(crops).numpy()
    assert np.abs(expected - expected.mean(axis=0)).max() > 0.05  # faces differ
    np.testing.assert_allclose(Labeller(tflite(model)).predict(crops), expected, atol=1e-4)
    assert np.mean(Labeller(int8(model, crops)).predict(crops).argmax(axis=1) == expected.argmax(axis=1)) > 0.8


def nested(images):
    """MobileNet inside of a functional model, with random weights and the batch statistics of real images."""
    keras.utils.set_random_seed(1)
    backbone = keras.applications.MobileNet(include_top=False, weights=None, input_shape=(32, 32, 3), alpha=0.25)
    inputs = keras.Input((32, 32, 1))
    features = backbone(keras.applications.mobilenet.preprocess_input(keras.layers.Concatenate()([inputs] * 3)))
    network = keras.Model(inputs, keras.layers.Dense(3)(keras.layers.GlobalAveragePooling2D()(features)))
    for layer in backbone.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.0
    network(images, training=True)
    return network
