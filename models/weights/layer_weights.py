"""A network's layers and their weights, in the order of the way through it: what two networks can be compared by."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import keras
import numpy as np


@dataclass(frozen=True)
class LayerWeights:
    """The weights of one layer.

    Attributes:
        name: for people.
        values: arrays, or the variables that they go into.
    """

    name: str
    values: tuple[np.ndarray, ...] | tuple[keras.Variable, ...]

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        return [tuple(value.shape) for value in self.values]

    def __str__(self) -> str:
        return f'{self.name} of {", ".join("x".join(map(str, shape)) or "one" for shape in self.shapes)}'


def leaves(model: keras.Model) -> Iterator[keras.Layer]:
    """The layers of a network, those of networks inside it included, instead of these."""
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from leaves(layer)
        else:
            yield layer


def twin(network: keras.Model, counterpart: Callable[[keras.Layer], keras.Layer]) -> keras.Model:
    """A network of other layers with the same weights, in the same order.

    Args:
        network: functional.
        counterpart: makes another layer, of the same weights, of one.
    """
    made = keras.models.clone_model(network, clone_function=counterpart, recursive=True)
    made.set_weights(network.get_weights())
    for layer in leaves(made):
        if isinstance(layer, keras.layers.Normalization):
            layer.finalize_state()  # it calculates with constants that it makes of its weights, and not with these
    return made


def head(model: keras.Model) -> keras.Layer:
    """The last layer that has weights: what a frozen phase trains, and what weights to begin with leave alone."""
    return [layer for layer in leaves(model) if layer.weights][-1]


def by_layer(pairs: list[tuple[str, object]]) -> list[LayerWeights]:
    """(path of a weight, weight) pairs, put together by the layer that the path names."""
    layers: dict[str, list[object]] = {}
    for path, weight in pairs:
        layers.setdefault(path.rpartition('/')[0], []).append(weight)
    return [LayerWeights(path.rpartition('/')[2], tuple(weights)) for path, weights in layers.items()]


def layers_of(model: keras.Model) -> list[LayerWeights]:
    """The network's own, but the head."""
    last = head(model)
    return [one for layer in leaves(model) if layer is not last for one in by_layer([(each.path, each) for each in layer.weights])]
