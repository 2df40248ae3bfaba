"""The first ten blocks of dlib's network of face recognition, and one of its own: small enough to ship; 1.70 million parameters.

A network for expressions needs less than one for identities: dlib's last four blocks hold four fifths of its parameters.
"""

from __future__ import annotations

import keras
from keras import layers

from . import dlib_resnet
from .architecture import FRESH, InputSpec, entry, refuse_smaller

SMALLEST = 39
SIDE = dlib_resnet.SIDE
STAGES = dlib_resnet.STAGES[:3]
WIDTH = 192
DROPOUT = 0.3


def build(spec: InputSpec, classes: int) -> keras.Model:
    """Float32 images (n, crop, crop, channels), 0..255, to logits (n, classes).

    Raises:
        UsageError: the network's side is smaller than 39.
    """
    refuse_smaller('face_resnet', spec, SMALLEST)
    inputs, x = entry(spec)
    x = dlib_resnet.halving_block(dlib_resnet.trunk(x, STAGES), WIDTH, FRESH)
    x = layers.Dropout(DROPOUT)(layers.GlobalAveragePooling2D()(x))
    return keras.Model(inputs, layers.Dense(classes, dtype='float32', name='logits')(x), name='face_resnet')
