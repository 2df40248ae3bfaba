"""A network's first convolution as the kernels of an export calculate it sooner."""

from __future__ import annotations

import keras
import tensorflow as tf

from ..weights.layer_weights import leaves, twin

BLOCK = 2


def in_blocks(network: keras.Model) -> keras.Model:
    """The same network with the same weights, in the same order, for exports: the same numbers up to rounding, sooner; or itself.

    Kernels of 8-bit integers fill a single channel up to eight. So where a convolution goes over one channel in steps of two pixels, blocks
    of 2x2 pixels become four channels first. Kernels of an even side stay: on an odd image, their blocks would reach beyond it.

    Args:
        network: functional, all of its layers Keras's own.
    """
    if not any(_suits(layer) for layer in leaves(network)):
        return network
    return twin(network, _in_blocks)


def _in_blocks(layer: keras.Layer) -> keras.Layer:
    return (_Conv2DInBlocks if _suits(layer) else type(layer)).from_config(layer.get_config())


def _suits(layer: keras.Layer) -> bool:
    if type(layer) is not keras.layers.Conv2D:
        return False
    plain = (layer.padding, layer.dilation_rate, layer.groups, layer.data_format) == ('valid', (1, 1), 1, 'channels_last')
    return plain and all(side % BLOCK for side in layer.kernel_size) and layer.strides == (BLOCK, BLOCK) and layer.kernel.shape[2] == 1


class _Conv2DInBlocks(keras.layers.Conv2D):
    """Keras's layer, but for the way from an image to its convolution. What lacks of a whole block is zeros, in image and kernel."""

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        height, width, _, filters = self.kernel.shape
        rows, columns = -(-height // BLOCK), -(-width // BLOCK)
        kernel = tf.pad(self.kernel, [[0, rows * BLOCK - height], [0, columns * BLOCK - width], [0, 0], [0, 0]])
        kernel = tf.transpose(tf.reshape(kernel, [rows, BLOCK, columns, BLOCK, filters]), [0, 2, 1, 3, 4])
        images = tf.pad(inputs, [[0, 0], [0, -inputs.shape[1] % BLOCK], [0, -inputs.shape[2] % BLOCK], [0, 0]])
        images = tf.nn.space_to_depth(images, BLOCK)
        x = tf.nn.conv2d(images, tf.reshape(kernel, [rows, columns, BLOCK * BLOCK, filters]), 1, 'VALID')
        return self.activation(tf.nn.bias_add(x, self.bias) if self.use_bias else x)
