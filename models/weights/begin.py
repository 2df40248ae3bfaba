"""What a training begins with: nothing, ImageNet's weights, or those of a file or a package, all but the head.

What is in a file is read as numbers; nothing in it is run.
"""

from __future__ import annotations

from functools import cache

import h5py
import keras
import numpy as np

from ...configs.errors import UsageError
from ...configs.schema import TrainConfig
from ..architectures import transfer
from ..architectures.architecture import FRESH
from . import dlib_weights, h5_weights, keras_weights, slim_graph
from .beginning import IMAGENET, NONE, weights_file
from .layer_weights import LayerWeights, head, layers_of, leaves

# Keras's files for EfficientNet hold the deviations where their squares belong, and the graph that Keras builds for them divides by
# their roots once more (keras/src/applications/efficientnet.py; tensorflow issue 49930). Ours is the graph without that.
DEVIATIONS = np.array([0.229, 0.224, 0.225])


def begin(network: keras.Model, config: TrainConfig) -> None:
    """Puts the weights that a config names into a fresh network.

    Raises:
        UsageError: they are not to be had, or do not fit.
    """
    if config.weights == NONE:
        return
    if config.weights == IMAGENET:
        transfer.take_imagenet(network, config.architecture)
    else:
        take(network, weights_file(config.weights))
    for layer in leaves(network):
        if isinstance(layer, keras.layers.Normalization) and layer.input_mean is None:
            _settle(layer)


def take(network: keras.Model, path: str) -> None:
    """Puts the weights of a file into a network.

    Raises:
        UsageError: the file is none that is known, or does not fit.
    """
    if path.endswith('.pb'):
        return _place(path, slim_graph.read(path), network)
    if path.endswith('.dat'):
        return _place(path, dlib_weights.read(path, network.input_shape[-1]), network)
    if keras_weights.is_archive(path):
        return keras_weights.take_archive(network, path)
    if not h5py.is_hdf5(path):
        raise UsageError(f'weights {path!r}: is no .keras, .h5, .weights.h5, .pb or .dat file; name one of these, or a package')
    try:
        in_order = h5_weights.names_its_layers(path)
    except OSError as error:
        raise UsageError(f'weights {path!r}: is damaged ({error}); copy it again') from error
    if in_order:
        return _place(path, h5_weights.read(path), network)
    return keras_weights.take(network, path, path)


def _place(path: str, found: list[LayerWeights], network: keras.Model) -> None:
    """Finds the network's layers in the order of those found: whatever stands before and after them is left out.

    Where the file lacks them, layers that are named as fresh stay as they are.
    """
    every = layers_of(network)
    known = [layer for layer in every if not layer.name.startswith(FRESH)]
    wanted = every if _best(found, every)[1] == len(every) else known
    start, length = _best(found, wanted)
    if length < len(wanted):
        there = found[start + length] if start + length < len(found) else 'nothing more'
        raise UsageError(f'weights {path!r}: layer {wanted[length]} does not fit: the file has {there}; name weights of this network')
    for here, there in zip(wanted, found[start:], strict=False):
        for variable, value in zip(here.values, there.values, strict=True):
            variable.assign(value)
    if len(wanted) < len(every):
        fresh = ', '.join(layer.name for layer in every if layer.name.startswith(FRESH))
        _tell(f'weights {path!r}: taken for {len(wanted)} layers; {fresh} and {head(network).name} begin anew')


@cache
def _tell(line: str) -> None:
    """Says a line once: a training builds its network more than once."""
    print(line, flush=True)


def _best(found: list[LayerWeights], wanted: list[LayerWeights]) -> tuple[int, int]:
    """Where the longest run of the first wanted layers begins, and how many it has."""
    runs = [_run(found[start:], wanted) for start in range(len(found))]
    start = int(np.argmax(runs)) if runs else 0
    return start, runs[start] if runs else 0


def _run(found: list[LayerWeights], wanted: list[LayerWeights]) -> int:
    """How many of the first layers are of equal shapes."""
    pairs = zip(found, wanted, strict=False)
    unlike = (index for index, (there, here) in enumerate(pairs) if there.shapes != here.shapes)
    return next(unlike, min(len(found), len(wanted)))


def _settle(layer: keras.layers.Normalization) -> None:
    if layer.adapt_variance.shape == DEVIATIONS.shape and np.allclose(layer.adapt_variance.numpy(), DEVIATIONS, atol=1e-5):
        layer.adapt_variance.assign(np.square(layer.adapt_variance.numpy()))
    layer.finalize_state()
