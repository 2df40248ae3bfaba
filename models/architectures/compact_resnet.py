"""Compact ResNet: mien's own network for faces of 48x48 on two cores; 0.62 million parameters.

Residual blocks as in He et al. 2016, "Deep Residual Learning for Image Recognition", each of which halves the side by its first
convolution; shortcuts pool before they project, as in He et al. 2019, "Bag of Tricks", sec. 4.
"""

from __future__ import annotations

import keras
from keras import layers

from .architecture import InputSpec, entry, refuse_smaller

SMALLEST = 32
STEM = 16
WIDTHS = (32, 64, 128, 128)
DROPOUT = 0.3


def build(spec: InputSpec, classes: int) -> keras.Model:
    """Float32 images (n, crop, crop, channels), 0..255, to logits (n, classes).

    Raises:
        UsageError: the network's side is smaller than 32.
    """
    refuse_smaller('compact_resnet', spec, SMALLEST)
    inputs, x = entry(spec)
    x = layers.Normalization(axis=None, mean=spec.mean, variance=spec.variance, dtype='float32')(x)
    x = _convolution(x, STEM)
    for width in WIDTHS:
        x = _block(x, width)
    x = layers.Dropout(DROPOUT)(layers.GlobalAveragePooling2D()(x))
    return keras.Model(inputs, layers.Dense(classes, dtype='float32', name='logits')(x), name='compact_resnet')


def _convolution(x: keras.KerasTensor, filters: int, strides: int = 1) -> keras.KerasTensor:
    x = layers.Conv2D(filters, 3, strides, padding='same', use_bias=False, kernel_initializer='he_normal')(x)
    return layers.ReLU()(layers.BatchNormalization()(x))


def _block(x: keras.KerasTensor, filters: int) -> keras.KerasTensor:
    shortcut = layers.AveragePooling2D(2, padding='same')(x)
    shortcut = layers.BatchNormalization()(layers.Conv2D(filters, 1, use_bias=False, kernel_initializer='he_normal')(shortcut))
    x = _convolution(x, filters, strides=2)
    x = layers.Conv2D(filters, 3, padding='same', use_bias=False, kernel_initializer='he_normal')(x)
    return layers.ReLU()(layers.add([layers.BatchNormalization()(x), shortcut]))
