"""Trained packages that a training learns from, beside its own targets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

from ...configs.errors import UsageError
from ...configs.schema import TrainConfig
from ..architectures import keras_file
from ..architectures.architecture import InputSpec
from ..architectures.registry import is_somebodys
from ..data.records import Source
from ..package import find
from ..weights.beginning import teacher_file
from ..weights.layer_weights import twin

Network = Callable[[tf.Tensor], tf.Tensor]
BFLOAT16 = 'mixed_bfloat16'
FLOAT32 = ('range', 'logits')  # layers that stand around every Keras file


@dataclass(frozen=True)
class Teachers:
    """Networks that look at what the student sees, as augmented, and share in its targets.

    Source: Hinton et al. 2015, sec. 2; Beyer et al. 2022, "A good teacher is patient and consistent", for the same image.

    Attributes:
        networks: float32 images to logits of the training's classes.
        share: of a target that is theirs.
        temperature: what their logits are divided by.
    """

    networks: tuple[Network, ...]
    share: float
    temperature: float

    @classmethod
    def of(cls, config: TrainConfig, source: Source) -> Teachers | None:
        """Those of a config; None where it names none.

        Raises:
            UsageError: one is not there, does not know a class of the training, or learnt from other crops.
        """
        networks = tuple(_network(name, source, config.precision == BFLOAT16) for name in config.teachers)
        return cls(networks, config.teacher_share, config.teacher_temperature) if networks else None

    def __call__(self, images: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
        """The targets float32 (n, classes) of images float32 (n, size, size, channels)."""
        said = [tf.nn.softmax(network(images) / self.temperature) for network in self.networks]
        return (1.0 - self.share) * targets + self.share / len(said) * tf.add_n(said)


def in_bfloat16(network: keras.Model) -> keras.Model:
    """The same weights, multiplied in bfloat16: a saved network calculates as it was saved."""

    def clone(layer: Any) -> Any:
        said = layer.get_config()
        if isinstance(layer, keras.Layer) and layer.name not in FLOAT32:
            said['dtype'] = BFLOAT16
        return type(layer).from_config(said)

    return twin(network, clone)


def _network(name: str, source: Source, faster: bool) -> Network:
    """A package's network; of more classes than the training has, what it says of those: their softmax is given that it is one of them."""
    package, crop = find(name), source.dataset.crop
    if missing := [one for one in source.classes if one not in package.classes]:
        known = ', '.join(package.classes)
        raise UsageError(f'teacher {name!r}: does not know {", ".join(missing)}, only {known}; name a package that knows all classes')
    if package.crop != crop:
        raise UsageError(f'teacher {name!r}: its crops are {package.crop}; the training has {crop}; name a package of the same')
    with tf.device('CPU:0'):  # where batches are made, beside the training's steps
        build = keras_file.builder(teacher_file(name))
        network = build(InputSpec(crop.size, crop.channels, crop.size, 0.0, 1.0), len(package.classes))
        if faster and not is_somebodys(package.architecture):  # what stands in a user's network cannot be known
            network = in_bfloat16(network)
        places = [package.classes.index(one) for one in source.classes]
    return lambda images: tf.cast(tf.gather(network(images, training=False), places, axis=-1), tf.float32)
