"""FERNet: a wide plain network for faces of 48x48, as teams that label faces publish it; 32,116,743 parameters with 7 classes, one channel.

Nearly all of them stand between the last pooling and its hidden layer of 1,024.
"""

from __future__ import annotations

import keras
from keras import layers

from .architecture import InputSpec, entry, refuse_smaller

SMALLEST = 12
PENALTY = 0.01


def build(spec: InputSpec, classes: int) -> keras.Model:
    """Float32 images (n, crop, crop, channels), 0..255, to logits (n, classes).

    Raises:
        UsageError: the network's side is smaller than 12.
    """
    refuse_smaller('fernet', spec, SMALLEST)
    inputs, x = entry(spec)
    x = layers.Rescaling(1 / 255, dtype='float32')(x)
    x = layers.Conv2D(32, 3, padding='same', activation='relu')(x)
    x = layers.Conv2D(64, 3, padding='same', activation='relu')(x)
    x = layers.Dropout(0.25)(layers.MaxPooling2D(2)(layers.BatchNormalization()(x)))
    penalty = keras.regularizers.L2(PENALTY)
    x = layers.Conv2D(128, 3, padding='same', activation='relu', kernel_regularizer=penalty)(x)
    x = layers.Conv2D(256, 3, activation='relu', kernel_regularizer=penalty)(x)
    x = layers.Dropout(0.25)(layers.MaxPooling2D(2)(layers.BatchNormalization()(x)))
    x = layers.Dropout(0.5)(layers.Dense(1024, activation='relu')(layers.Flatten()(x)))
    return keras.Model(inputs, layers.Dense(classes, dtype='float32', name='logits')(x), name='fernet')
