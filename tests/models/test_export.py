"""Training and labelling share one preprocessing graph: change it, and both change."""

import shutil
from functools import partial

import apache_beam as beam
import numpy as np
import tensorflow_transform.beam as tft_beam

from mien.models.architecture import InputSpec
from mien.models.dataset import Dataset
from mien.models.export import LabellingModel, tflite
from mien.models.graph import TransformGraph
from mien.models.interpreter import Labeller
from mien.models.records import Source
from mien.models.registry import builder
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
    images = [next(Source(dataset, graph, dataset.classes).evaluation('test').as_numpy_iterator())[0] for graph in graphs]
    np.testing.assert_allclose(images[1], 255 - images[0])

    network = builder('compact_resnet')(InputSpec(32, 1, 32, 120.0, 4000.0), 3)
    labellers = [Labeller(tflite(LabellingModel(graph, network, dataset.crop, 1.0))) for graph in graphs]
    crops = images[0][:8].astype(np.uint8)
    np.testing.assert_allclose(labellers[1].predict(crops), labellers[0].predict(255 - crops), atol=1e-5)
    assert np.abs(labellers[1].predict(crops) - labellers[0].predict(crops)).max() > 1e-3
