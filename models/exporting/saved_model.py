"""The model that labels as a SavedModel, for TensorFlow, TensorFlow Serving and what else reads them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import tensorflow as tf

from .export import LabellingModel

LABEL, CLASSES = 'serving_default', 'classes'


def write_saved_model(model: LabellingModel, classes: tuple[str, ...], folder: Path) -> None:
    """Writes the folder.

    Signature `serving_default`: `crops` uint8 (n, size, size, channels) to `probabilities` float32 (n, k). Signature `classes`: nothing
    to `classes` string (k,), the names in the probabilities' order.
    """
    label = tf.function(lambda crops: {'probabilities': model.label(crops)}, input_signature=model.label.input_signature)
    names = tf.function(lambda: {'classes': tf.constant(classes)}, input_signature=[])
    signatures = {LABEL: label.get_concrete_function(), CLASSES: names.get_concrete_function()}
    tf.saved_model.save(model, str(folder), signatures=signatures)


def open_saved_model(folder: Path) -> Callable[[np.ndarray], np.ndarray]:
    """Uint8 crops to float32 probabilities, by the folder alone."""
    loaded = tf.saved_model.load(str(folder))
    return lambda crops: loaded.signatures[LABEL](crops=tf.constant(crops))['probabilities'].numpy()
