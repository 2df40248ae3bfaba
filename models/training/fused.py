"""Batch normalisation while a network trains: in one kernel, with statistics that keep up with the weights.

Keras 3.15 puts it together from a dozen operations over the whole feature map, which take half of a step of a small network. TensorFlow has
one kernel for them, and one for their gradients.

Some networks of Keras average their statistics over thousands of steps (MobileNetV2: 0.999; NASNet: 0.9997), for epochs of ten thousand. In
a training of a hundred steps an epoch these stay those of other photos long after the weights have left them, and validation, which chooses
the epoch, sees noise: Wu and Johnson 2021, "Rethinking 'Batch' in BatchNorm".
"""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from ..weights.layer_weights import twin

MOST_MOMENTUM = 0.99  # Keras's default: a hundred steps


def fused(network: keras.Model) -> keras.Model:
    """The same network with the same weights, in the same order, for training: the same numbers up to rounding, sooner.

    But for the statistics of batch normalisation, whose momentum is at most `MOST_MOMENTUM`.

    Args:
        network: functional, all of its layers Keras's own.
    """
    return twin(network, _fused)


def _fused(layer: keras.Layer) -> keras.Layer:
    config = layer.get_config()
    if type(layer) is not keras.layers.BatchNormalization:
        return type(layer).from_config(config)
    return _FusedBatchNormalization.from_config(config | {'momentum': min(layer.momentum, MOST_MOMENTUM)})


class _FusedBatchNormalization(keras.layers.BatchNormalization):
    """Keras's layer, but for the way from a batch to its statistics and its normalised values."""

    def call(self, inputs: tf.Tensor, training: bool | None = None, mask: Any = None) -> tf.Tensor:
        in_one_kernel = training and self.trainable and mask is None and not self.renorm and self.axis in (-1, 3) and len(inputs.shape) == 4
        if not in_one_kernel:
            return super().call(inputs, training=training, mask=mask)
        channels = inputs.shape[-1]
        outputs, mean, unbiased, *_ = tf.raw_ops.FusedBatchNormV3(
            x=inputs,
            scale=self.gamma if self.scale else tf.ones(channels),
            offset=self.beta if self.center else tf.zeros(channels),
            mean=tf.zeros(0),
            variance=tf.zeros(0),
            epsilon=self.epsilon,
            is_training=True,
        )
        # The kernel corrects the variance for the size of the sample, Keras does not.
        sample = tf.cast(tf.size(inputs) / channels, tf.float32)
        variance = unbiased * (sample - 1.0) / sample
        self.moving_mean.assign(self.moving_mean * self.momentum + mean * (1.0 - self.momentum))
        self.moving_variance.assign(self.moving_variance * self.momentum + variance * (1.0 - self.momentum))
        return outputs
