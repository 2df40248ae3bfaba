"""Mini-Xception.

Source: Arriaga, Ploeger, Valdenegro 2017, "Real-time Convolutional Neural Networks for Emotion and Gender Classification", and its
reference implementation (`face_classification`, `models/cnn.py`, `mini_XCEPTION`): 58,423 parameters with 7 classes and one channel.
"""

from __future__ import annotations

import keras
from keras import layers

from .architecture import InputSpec, entry, refuse_smaller

SMALLEST = 32
# The reference asks for the same penalty on its separable convolutions, under a name that Keras ignored there.
PENALTY = 0.01


def build(spec: InputSpec, classes: int) -> keras.Model:
    """Float32 images (n, crop, crop, channels), 0..255, to logits (n, classes).

    Raises:
        UsageError: the network's side is smaller than 32.
    """
    refuse_smaller('mini_xception', spec, SMALLEST)
    inputs, x = entry(spec)
    x = layers.Rescaling(1 / 127.5, offset=-1.0, dtype='float32')(x)
    for _ in range(2):
        x = layers.Conv2D(8, 3, use_bias=False, kernel_regularizer=keras.regularizers.L2(PENALTY))(x)
        x = layers.ReLU()(layers.BatchNormalization()(x))
    for filters in (16, 32, 64, 128):
        x = _module(x, filters)
    x = layers.Conv2D(classes, 3, padding='same')(x)
    return keras.Model(inputs, layers.GlobalAveragePooling2D(dtype='float32', name='logits')(x), name='mini_xception')


def _module(x: keras.KerasTensor, filters: int) -> keras.KerasTensor:
    # The reference's 1x1 convolution of stride 2, written as every second pixel and a 1x1 convolution: the same numbers, but oneDNN
    # corrupts the heap in the other one's weight gradient when there are fewer than 16 channels (TensorFlow 2.21).
    shortcut = layers.MaxPooling2D(1, strides=2)(x)
    shortcut = layers.BatchNormalization()(layers.Conv2D(filters, 1, use_bias=False)(shortcut))
    x = layers.SeparableConv2D(filters, 3, padding='same', use_bias=False)(x)
    x = layers.ReLU()(layers.BatchNormalization()(x))
    x = layers.SeparableConv2D(filters, 3, padding='same', use_bias=False)(x)
    x = layers.BatchNormalization()(x)
    return layers.add([layers.MaxPooling2D(3, strides=2, padding='same')(x), shortcut])
