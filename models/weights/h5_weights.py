"""Weights out of HDF5 files as Keras wrote them up to 2, and 3 still does for `.h5`: they name their layers in order."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import h5py
import numpy as np

from ...configs.errors import UsageError
from .layer_weights import LayerWeights, by_layer

LAYERS, WEIGHTS, MODEL = 'layer_names', 'weight_names', 'model_weights'


def names_its_layers(path: str) -> bool:
    """Whether a file is one of these."""
    with h5py.File(path) as file:
        return MODEL in file or bool(_texts(file, LAYERS))


def read(path: str) -> list[LayerWeights]:
    """All layers that have weights; those of a network inside the network stand where it does.

    Raises:
        UsageError: something that it names is missing.
    """
    with h5py.File(path) as file:
        root = file.get(MODEL, file)
        try:
            order = {name: place for place, name in enumerate(_names(json.loads(file.attrs.get('model_config', '{}'))))}
            return [layer for name in _texts(root, LAYERS) for layer in _read(root[name], order)]
        except (KeyError, AttributeError, TypeError, ValueError) as error:
            raise UsageError(f'weights {path!r}: is damaged ({error}); copy it again') from error


def _read(group: h5py.Group, order: dict[str, int]) -> list[LayerWeights]:
    found = by_layer([(name, _array(group[name])) for name in _texts(group, WEIGHTS)])
    # A network inside the network has its trained layers first, then the frozen ones: its own description knows the order.
    return sorted(found, key=lambda layer: order[layer.name]) if all(layer.name in order for layer in found) else found


def _names(config: Any) -> Iterator[str]:
    """Names of the layers that a network's description holds, in its order."""
    for layer in config.get('config', {}).get('layers', []) if isinstance(config.get('config'), dict) else []:
        yield layer['config']['name']
        yield from _names(layer)


def _array(dataset: h5py.Dataset) -> np.ndarray:
    if dataset.external or dataset.is_virtual:
        raise TypeError(f'{dataset.name} stands in another file')
    return np.asarray(dataset[()])


def _texts(group: Any, name: str) -> list[str]:
    """An attribute's texts; a long one stands in pieces, `name0`, `name1`, ..."""
    pieces = [group.attrs[name]] if name in group.attrs else []
    while (key := f'{name}{len(pieces)}') in group.attrs:
        pieces.append(group.attrs[key])
    return [text.decode() if isinstance(text, bytes) else str(text) for piece in pieces for text in piece]
