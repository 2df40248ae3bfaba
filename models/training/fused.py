"""Batch normalisation in one kernel while a network trains.

Keras 3.15 puts it together from a dozen operations over the whole feature map, which take half of a step of a small network. TensorFlow has
one kernel for them, and one for their gradients.
"""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf


def fused(network: keras.Model) -> keras.Model:
    """The same network with the same weights, in the same order, for training: the same numbers up to rounding, sooner.

    Args:
        network: functional, all of its layers Keras's own.
    """
    twin = keras.models.clone_model(network, clone_function=_fused, recursive=True)
    twin.set_weights(network.get_weights())
    return twin


def _fused(layer: keras.Layer) -> keras.Layer:
    kind = _FusedBatchNormalization if type(layer) is keras.layers.BatchNormalization else type(layer)
    return kind.from_config(layer.get_config())


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
