"""What an architecture is told about its input, and the layers that every one begins with."""

from __future__ import annotations

from dataclasses import dataclass

import keras

from ...configs.errors import UsageError

FRESH = 'fresh'  # begins the names of layers that weights of another network may lack


@dataclass(frozen=True)
class InputSpec:
    """What comes into a model: float32 (n, crop, crop, channels), 0..255.

    Attributes:
        crop: side of the dataset's crops.
        channels: 1 or 3.
        size: side that the network works on; another one than `crop` is resized to inside the model.
        mean, variance: of the training split's values, 0..255.
    """

    crop: int
    channels: int
    size: int
    mean: float
    variance: float


def entry(spec: InputSpec) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    """The model's input, and the same at the network's size."""
    inputs = keras.Input((spec.crop, spec.crop, spec.channels), name='image')
    if spec.size == spec.crop:
        return inputs, inputs
    # Not a Resizing layer: called without `training`, it puts the layers after it into training mode (Keras 3.15).
    return inputs, keras.ops.image.resize(inputs, (spec.size, spec.size))


def refuse_smaller(name: str, spec: InputSpec, smallest: int) -> None:
    """Checks the side that a network is to work on.

    Raises:
        UsageError: it is smaller than the network can take.
    """
    if spec.size < smallest:
        raise UsageError(f'{name}: input of {spec.size} pixels is too small; give --input-size {smallest} or more')
