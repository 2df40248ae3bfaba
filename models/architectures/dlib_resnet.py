"""dlib's network of face recognition, for a start with its weights: 29 convolutions, 5.57 million parameters.

dlib's affine layers, which are what batch normalisation becomes after training, are folded into the convolutions before them. So nothing
is normalised here: learning rates of 1e-4 to 5e-4 suit.

Source: Davis King 2017, dlib's `examples/dnn_face_recognition_ex.cpp` (`anet_type`); the blocks are those of He et al. 2016, "Deep Residual
Learning for Image Recognition", with shortcuts that pool and are padded with zeros.
"""

from __future__ import annotations

import keras
from keras import layers, ops

from .architecture import InputSpec, entry, refuse_smaller

SMALLEST = 71
SIDE = 96
MEANS = (122.782, 117.001, 104.298)  # red, green and blue, 0..255, that dlib takes off an image
GREY_MEAN = sum(MEANS) / len(MEANS)
SCALE = 1 / 256
STEM = 32
STAGES = ((32, 3), (64, 4), (128, 3), (256, 3), (256, 1))  # width, blocks
DROPOUT = 0.3


def build(spec: InputSpec, classes: int) -> keras.Model:
    """Float32 images (n, crop, crop, channels), 0..255, to logits (n, classes).

    At dlib's side of 150 the features are dlib's own, and at all from 103 on what dlib would make of such images.

    Raises:
        UsageError: the network's side is smaller than 71.
    """
    refuse_smaller('dlib_resnet', spec, SMALLEST)
    inputs, x = entry(spec)
    x = layers.Dropout(DROPOUT)(layers.GlobalAveragePooling2D()(trunk(x, STAGES)))
    return keras.Model(inputs, layers.Dense(classes, dtype='float32', name='logits')(x), name='dlib_resnet')


def trunk(x: keras.KerasTensor, stages: tuple[tuple[int, int], ...]) -> keras.KerasTensor:
    """Images, 0..255, grey or colour, to the maps after some of `STAGES`: each but the first begins with a block that halves."""
    offset = -SCALE * GREY_MEAN if x.shape[-1] == 1 else [-SCALE * mean for mean in MEANS]
    x = layers.Rescaling(SCALE, offset, dtype='float32')(x)
    x = layers.Conv2D(STEM, 7, 2, activation='relu', kernel_initializer='he_normal')(x)
    x = layers.MaxPooling2D(3, 2)(x)
    for stage, (width, blocks) in enumerate(stages):
        for number in range(blocks):
            x = halving_block(x, width) if stage and not number else _sum(_branch(x, width), x)
    return x


def halving_block(x: keras.KerasTensor, filters: int, prefix: str | None = None) -> keras.KerasTensor:
    """Maps of half the side, rounded down, (n, side // 2, side // 2, filters).

    Where the side is even, the convolutions give one pixel less than the pooling. Two pixels, too few for dlib, are padded to three.

    Args:
        prefix: begins the names of the convolutions.
    """
    room = _padded(x, max(3, x.shape[1]), x.shape[-1])
    return _sum(_branch(room, filters, halve=True, prefix=prefix), layers.AveragePooling2D(2)(x))


def _branch(x: keras.KerasTensor, filters: int, halve: bool = False, prefix: str | None = None) -> keras.KerasTensor:
    first, second = (f'{prefix}_{number}' if prefix else None for number in (1, 2))
    strides, padding = (2, 'valid') if halve else (1, 'same')
    x = layers.Conv2D(filters, 3, strides, padding, activation='relu', kernel_initializer='he_normal', name=first)(x)
    # Nothing is normalised: with He's own scale of 2 the variance would double with each block.
    small = keras.initializers.VarianceScaling(2 / sum(blocks for _, blocks in STAGES), 'fan_in')
    return layers.Conv2D(filters, 3, padding='same', kernel_initializer=small, name=second)(x)


def _sum(x: keras.KerasTensor, shortcut: keras.KerasTensor) -> keras.KerasTensor:
    """As dlib adds maps of unequal sides or channels: the smaller is padded with zeros."""
    side, channels = max(x.shape[1], shortcut.shape[1]), max(x.shape[-1], shortcut.shape[-1])
    return layers.ReLU()(layers.add([_padded(x, side, channels), _padded(shortcut, side, channels)]))


def _padded(x: keras.KerasTensor, side: int, channels: int) -> keras.KerasTensor:
    """Zeros below, on the right and behind the channels, where any lack."""
    lacks = (0, side - x.shape[1], side - x.shape[2], channels - x.shape[3])
    return ops.pad(x, [(0, lack) for lack in lacks]) if any(lacks) else x
