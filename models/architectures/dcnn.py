"""DCNN: a deep plain network for faces of 48x48, as teams that label faces publish it; 2,395,591 parameters with 7 classes, one channel.

Pairs of convolutions with ELU (Clevert et al. 2016, "Fast and Accurate Deep Network Learning by Exponential Linear Units"), he_normal
(He et al. 2015, "Delving Deep into Rectifiers", sec. 2.2) and batch normalisation after each.
"""

from __future__ import annotations

import keras
from keras import layers

from .architecture import InputSpec, entry, refuse_smaller

SMALLEST = 8
PAIRS = ((64, 5, 0.4), (128, 3, 0.4), (256, 3, 0.5))  # filters, kernel, dropout


def build(spec: InputSpec, classes: int) -> keras.Model:
    """Float32 images (n, crop, crop, channels), 0..255, to logits (n, classes).

    Raises:
        UsageError: the network's side is smaller than 8.
    """
    refuse_smaller('dcnn', spec, SMALLEST)
    inputs, x = entry(spec)
    x = layers.Rescaling(1 / 255, dtype='float32')(x)
    for filters, kernel, dropout in PAIRS:
        for _ in range(2):
            x = layers.Conv2D(filters, kernel, padding='same', activation='elu', kernel_initializer='he_normal')(x)
            x = layers.BatchNormalization()(x)
        x = layers.Dropout(dropout)(layers.MaxPooling2D(2)(x))
    x = layers.Dense(128, activation='elu', kernel_initializer='he_normal')(layers.Flatten()(x))
    x = layers.Dropout(0.6)(layers.BatchNormalization()(x))
    return keras.Model(inputs, layers.Dense(classes, dtype='float32', name='logits')(x), name='dcnn')
