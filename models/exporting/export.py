"""The model that labels: uint8 crops to calibrated probabilities, preprocessing included, and as a TFLite file."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import keras
import tensorflow as tf
from tensorflow.lite.python.convert_phase import ConverterError

from ...configs.errors import UsageError
from ...configs.schema import Crop
from ..data.graph import TransformGraph
from ..quiet import stderr_kept
from .blocks import in_blocks


class LabellingModel(tf.Module):
    """The dataset's preprocessing, the architecture, and the calibrated softmax.

    Args:
        network: float32 images to logits.
        temperature: what the logits are divided by.
    """

    def __init__(self, graph: TransformGraph, network: keras.Model, crop: Crop, temperature: float) -> None:
        super().__init__()
        self.graph, network = graph, in_blocks(network)
        # The network's own variables, not the network: with a Keras 3 model among the tracked objects, the SavedModel is right but
        # its TFLite conversion lacks the weights and answers NaN.
        self.weights = [weight.value for weight in network.weights]

        @tf.function(input_signature=[tf.TensorSpec([None, crop.size, crop.size, crop.channels], tf.uint8, 'crops')])
        def label(crops: tf.Tensor) -> tf.Tensor:
            return tf.nn.softmax(network(graph(crops)['image'], training=False) / temperature)

        self.label = label

    def __call__(self, crops: tf.Tensor) -> tf.Tensor:
        """uint8 (n, size, size, channels) to float32 (n, k)."""
        return self.label(crops)


@contextmanager
def converter(model: LabellingModel) -> Iterator[tf.lite.TFLiteConverter]:
    """TensorFlow's converter to TFLite, opened on the model; the number of crops stays open. What it logs is shown if it fails."""
    with tempfile.TemporaryDirectory() as folder, stderr_kept():
        saved = str(Path(folder, 'model'))
        tf.saved_model.save(model, saved, signatures=model.label.get_concrete_function())
        yield tf.lite.TFLiteConverter.from_saved_model(saved)


def refuse_inexpressible(graph: TransformGraph, network: keras.Model, crop: Crop, name: str) -> None:
    """Sees before a training that what it makes could label.

    Args:
        name: of the architecture.
    Raises:
        UsageError: it has an operation that TFLite lacks.
    """
    lacking: set[str] = set()
    with stderr_kept():
        try:
            tflite(LabellingModel(graph, network, crop, 1.0))
        except ConverterError as error:
            lacking = set(re.findall(r"'(tf\.\w+)' op", str(error))) or {'an operation'}
    if lacking:
        what = f'its network uses {", ".join(sorted(lacking))}, which TFLite lacks'
        raise UsageError(f'architecture {name!r}: {what}; build it of other layers')


def tflite(model: LabellingModel) -> bytes:
    """The model as a TFLite flatbuffer of float32."""
    with converter(model) as opened:
        return opened.convert()
