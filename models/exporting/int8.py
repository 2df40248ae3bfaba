"""The model that labels as a TFLite file of 8-bit integers: a quarter of the size, and faster."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import numpy as np
import tensorflow as tf

from ..data.records import Source
from ..evaluation.evaluate import first_crops
from .export import LabellingModel, converter

SAMPLE = 256
# Probabilities of 8 bits would be steps of 1/256: too coarse to calibrate, and many of them zero.
KEPT_FLOAT = ['SOFTMAX']


def sample(source: Source) -> np.ndarray:
    """The first 256 training crops, uint8 (n, size, size, channels)."""
    return first_crops(source, 'train', SAMPLE)


def int8(model: LabellingModel, crops: np.ndarray) -> bytes:
    """The model as a TFLite flatbuffer whose weights, per channel, and activations are 8-bit integers.

    It takes uint8 crops and gives float32 probabilities, as the float one does. Only the cast of the crops, the softmax, and
    operations for which the converter has no integer kernel calculate in float32.

    Args:
        crops: uint8 (n, size, size, channels), from which the ranges of the activations are taken.
    Source: Jacob et al. 2018, "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference".
    """

    def one_at_a_time() -> Iterator[list[np.ndarray]]:
        for row in range(len(crops)):
            yield [crops[row : row + 1]]

    with converter(model) as opened, warnings.catch_warnings():
        warnings.simplefilter('ignore', UserWarning)  # TensorFlow's own use of its old interpreter
        opened.optimizations = [tf.lite.Optimize.DEFAULT]
        opened.representative_dataset = one_at_a_time
        opened.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8, tf.lite.OpsSet.TFLITE_BUILTINS]
        options = tf.lite.experimental.QuantizationDebugOptions(denylisted_ops=KEPT_FLOAT)
        quantizer = tf.lite.experimental.QuantizationDebugger(converter=opened, debug_dataset=one_at_a_time, debug_options=options)
        return quantizer.get_nondebug_quantized_model()


def int8_weights(model: LabellingModel) -> bytes:
    """The same, but only the weights are 8-bit integers in the file, and activations become such, each crop's by its own range, where a
    kernel multiplies them: for networks whose activations have ranges too different from one channel to the next for one scale.
    """
    with converter(model) as opened:
        opened.optimizations = [tf.lite.Optimize.DEFAULT]
        return opened.convert()
