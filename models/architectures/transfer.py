"""Transfer learning over all of Keras Applications: whatever networks the installed Keras has, found by looking.

A network is a function of `keras.applications` whose module brings its own `preprocess_input`. That and the resizing stand in the graph, so
crops come in as for every other architecture.
"""

from __future__ import annotations

import re
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.client import HTTPException
from inspect import isfunction

import keras
from keras import layers

from ...configs.errors import UsageError
from .architecture import InputSpec, entry, refuse_smaller

BACKBONE = 'backbone'
DROPOUT = 0.2
LARGEST = 1024
NOT_DOWNLOADED = ('URL fetch failure', 'Incomplete or corrupted file')  # how Keras says so; it has no class of its own for it
LEAST = re.compile(r'at least (\d+)')
SECONDS = 30  # that a server may be silent


def names() -> list[str]:
    """Names of the networks, as Keras says them."""
    return sorted(_networks())


def builder(name: str) -> Callable[[InputSpec, int], keras.Model]:
    """The function that builds one of `names()`."""
    return partial(_build, name)


def smallest(name: str) -> int:
    """The least side that a network takes: what Keras answers when it is asked for a side of one pixel, else what a search finds."""
    try:
        _backbone(name, 1)
    except ValueError as error:
        said = LEAST.search(str(error))
        return int(said[1]) if said else _searched(name)
    return 1


def take_imagenet(network: keras.Model, name: str) -> None:
    """Puts ImageNet's weights into the backbone of a built network; Keras keeps what it has downloaded.

    Raises:
        UsageError: they cannot be downloaded.
    """
    backbone = network.get_layer(BACKBONE)
    with _patience():
        try:
            trained = _backbone(name, backbone.input_shape[1], weights='imagenet')
        except Exception as error:
            if not isinstance(error, OSError | HTTPException) and not any(text in str(error) for text in NOT_DOWNLOADED):
                raise
            said = ' '.join(str(error).split())[:300]  # an address takes up to 150
            raise UsageError(
                f"weights 'imagenet': Keras cannot download those of {name} ({said}); give --weights FILE, one of Keras's "
                'own or a package, or --weights none'
            ) from error
    backbone.set_weights(trained.get_weights())


def _build(name: str, spec: InputSpec, classes: int) -> keras.Model:
    """Float32 images (n, crop, crop, channels), 0..255, to logits (n, classes).

    Raises:
        UsageError: the network's side is smaller than Keras allows.
    """
    refuse_smaller(name, spec, smallest(name))
    inputs, x = entry(spec)
    if spec.channels == 1:
        x = layers.Concatenate(dtype='float32', name='grey')([x, x, x])
    x = sys.modules[_networks()[name].__module__].preprocess_input(x)
    backbone = _backbone(name, spec.size)
    backbone.name = BACKBONE  # afterwards: Keras makes EfficientNetV2 by the name that it is given
    x = layers.Dropout(DROPOUT)(layers.GlobalAveragePooling2D()(backbone(x)))
    return keras.Model(inputs, layers.Dense(classes, dtype='float32', name='logits')(x), name=name)


def _networks() -> dict[str, Callable[..., keras.Model]]:
    found = {name: getattr(keras.applications, name) for name in dir(keras.applications)}
    return {
        name: network
        for name, network in found.items()
        if isfunction(network) and hasattr(sys.modules[network.__module__], 'preprocess_input')
    }


def _backbone(network: str, side: int, weights: str | None = None) -> keras.Model:
    return _networks()[network](include_top=False, weights=weights, input_shape=(side, side, 3))


def _searched(name: str) -> int:
    low, high = 1, LARGEST
    while low < high:
        middle = (low + high) // 2
        try:
            _backbone(name, middle)
            high = middle
        except ValueError:
            low = middle + 1
    return low


@contextmanager
def _patience() -> Iterator[None]:
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(SECONDS)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
