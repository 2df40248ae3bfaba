"""Trains one network for two steps, in a process of its own: `python -m tests.zoo.one NETWORK DATASET OUT` prints what it took."""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from mien.configs.load import load
from mien.configs.schema import TrainConfig
from mien.models.data.dataset import Dataset
from mien.models.exporting.export import LabellingModel, tflite
from mien.models.interpreter import Labeller
from mien.models.training.fit import fit, open_source
from mien.models.training.fit import network as network_of

OPTIONS = {'epochs': 1, 'batch_size': 8, 'learning_rate': 1e-5, 'weights': 'none'}


def main(name: str, folder: str, out: str) -> None:
    began, config = time.monotonic(), load(TrainConfig, 'train', None, OPTIONS | {'architecture': name})
    source = open_source(Dataset.load(folder), config)
    Path(out).mkdir()
    fitted = fit(source, config, Path(out), Path(out, 'logs'))
    fitted.network.save(Path(out, 'model.keras'))
    network = keras.saving.load_model(Path(out, 'model.keras'), safe_mode=True)
    crops = np.random.default_rng(7).integers(0, 256, (3, 48, 48, 1)).astype(np.uint8)
    keras.utils.set_random_seed(config.seed + 1)
    begun = network_of(source, config)
    logits = network(source.graph(crops)['image'], training=False)
    degrees = float(np.abs(logits).max())  # probabilities near 0 and 1 would hide what differs
    export = tflite(LabellingModel(source.graph, fitted.network, source.dataset.crop, degrees))
    used = resource.getrusage(resource.RUSAGE_SELF)
    said = {
        'worst': float(np.abs(Labeller(export).predict(crops) - tf.nn.softmax(logits / degrees)).max()),
        'own': spread(network, source.graph(crops)['image'], degrees),
        'moved': sum(not np.array_equal(*pair) for pair in zip(begun.get_weights(), network.get_weights(), strict=True)),
        'weights': len(network.weights),
        'loss': fitted.progress.history[0]['loss'],
        'side': network.get_layer('backbone').input_shape[1],
        'parameters': network.count_params(),
        'seconds': round(time.monotonic() - began, 1),
        'processor_seconds': round(used.ru_utime + used.ru_stime, 1),
        'gigabytes': round(used.ru_maxrss / (1 << 20), 2),
    }
    print(json.dumps(said))


def spread(network: keras.Model, images: tf.Tensor, degrees: float) -> float:
    """How much Keras's own probabilities change when images do by a millionth or two: much, in the deepest network after two steps."""
    said = [tf.nn.softmax(network(images * (1 + part), training=False) / degrees) for part in (0, -2e-6, -1e-6, 1e-6, 2e-6)]
    return max(float(np.abs(some - said[0]).max()) for some in said)


if __name__ == '__main__':
    main(*sys.argv[1:])
