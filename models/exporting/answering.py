"""A trained network as it answers: it may give mirror images one label, and be fairer to rare classes than its training was."""

from __future__ import annotations

import keras
import numpy as np
from keras import ops

from ...configs.errors import UsageError
from ...configs.schema import TrainConfig
from ..data.records import Source


def answering(network: keras.Model, source: Source, config: TrainConfig) -> keras.Model:
    """The network with what a config adds after training; itself where that is nothing.

    Args:
        network: float32 images to logits.
    Raises:
        UsageError: the examples of a class have no weight, and it shall be expected.
    """
    if config.mirror == 'average':
        network = averaged(network)
    if config.mirror == 'orient':
        network = oriented(network)
    if not config.least_share:
        return network
    shares = source.shares('train')
    if not shares.all():
        none = ', '.join(name for name, share in zip(source.classes, shares, strict=True) if not share)
        raise UsageError(f'least_share {config.least_share:g}: all training examples of {none} have the weight 0; give 0')
    return raised(network, least_shares(shares, config.least_share))


def oriented(network: keras.Model) -> keras.Model:
    """A network that sees each image so that its left half is not the brighter one, whichever way round it comes."""
    images = keras.Input(network.input_shape[1:], name='image')
    side = np.sign(np.arange(images.shape[2]) - (images.shape[2] - 1) / 2).astype(np.float32).reshape(1, 1, -1, 1)
    lead = ops.sum(images * side, axis=(1, 2, 3), keepdims=True)
    return keras.Model(images, network(ops.where(lead < 0, ops.flip(images, axis=2), images)), name=f'{network.name}_oriented')


def averaged(network: keras.Model) -> keras.Model:
    """The mean of a network's logits of each image and of its mirror image, so that both get the same."""
    images = keras.Input(network.input_shape[1:], name='image')
    both = network(ops.concatenate([images, ops.flip(images, axis=2)], axis=0))
    return keras.Model(images, ops.mean(ops.reshape(both, (2, -1, both.shape[-1])), axis=0), name=f'{network.name}_averaged')


def least_shares(shares: np.ndarray, least: float) -> np.ndarray:
    """What to add to the logits, float32 (k,), for a network to expect each class as often as in training, and at least so often.

    Args:
        shares: float (k,), of the classes in training, all over 0.

    Source: Menon et al. 2021, "Long-tail learning via logit adjustment", eq. 8, here for the classes under `least` alone.
    """
    return np.log(np.maximum(shares, least) / shares).astype(np.float32)


def raised(network: keras.Model, by: np.ndarray) -> keras.Model:
    """A network whose logits are greater by float32 (k,)."""
    images = keras.Input(network.input_shape[1:], name='image')
    return keras.Model(images, network(images) + by, name=f'{network.name}_raised')
