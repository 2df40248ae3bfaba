"""Weights of MobileNetV1 out of a frozen graph of TF-slim, in which they stand as constants; reading a graph runs none of it.

Source of the names: `slim/nets/mobilenet_v1.py` of TensorFlow's models.
"""

from __future__ import annotations

import re

import numpy as np
import tensorflow as tf

from ...configs.errors import UsageError
from .layer_weights import LayerWeights

LAYER = re.compile(r'MobilenetV1/(Conv2d_(\d+)(?:_(depthwise|pointwise))?)/(?:BatchNorm/)?(\w+)')
NORMALISATION = ('gamma', 'beta', 'moving_mean', 'moving_variance')


def read(path: str) -> list[LayerWeights]:
    """The weights of each convolution and of the normalisation after it, in Keras's order.

    Raises:
        UsageError: it is no graph, or not that of a MobileNetV1.
    """
    constants = {node.name: node for node in _graph(path).node if node.op == 'Const'}
    found = {match[1]: (int(match[2]), match[3] == 'pointwise') for name in constants if (match := LAYER.fullmatch(name))}
    if not found:
        raise UsageError(f'weights {path!r}: holds no MobilenetV1 with its weights as constants; name another file')

    def values(layer: str, *names: str) -> LayerWeights:
        wanted = [f'MobilenetV1/{layer}/{name}' for name in names]
        lacking = [name for name in wanted if name not in constants]
        if lacking:
            raise UsageError(f'weights {path!r}: holds no constant {lacking[0]!r}; name another file')
        return LayerWeights(layer, tuple(np.array(tf.make_ndarray(constants[name].attr['value'].tensor)) for name in wanted))

    result = []
    for layer in sorted(found, key=lambda name: found[name]):
        result.append(values(layer, 'depthwise_weights' if layer.endswith('_depthwise') else 'weights'))
        result.append(values(layer, *(f'BatchNorm/{name}' for name in NORMALISATION)))
    return result


def _graph(path: str) -> tf.compat.v1.GraphDef:
    try:
        with open(path, 'rb') as file:
            return tf.compat.v1.GraphDef.FromString(file.read())
    except Exception as error:  # protobuf's own class has changed its place more than once
        raise UsageError(f'weights {path!r}: is no frozen graph of TensorFlow ({error}); name another file') from error
