"""Mixtures of two training examples, their targets and weights with them; a step of a seed always mixes in the same way."""

from __future__ import annotations

import tensorflow as tf


def mix(images: tf.Tensor, targets: tf.Tensor, weights: tf.Tensor, alpha: float, seed: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Mixes each example with its counterpart from the batch's other end, by a share of its own.

    The cross-entropy of a mixture is that of its two examples, each by its share and its weight.

    Args:
        images: float32 (n, size, size, channels). targets: float32 (n, classes). weights: float32 (n,).
        alpha: shares are Beta(alpha, alpha); 0 changes nothing.
        seed: int64 (2,).
    Returns:
        The same shapes and types.

    Source: Zhang et al. 2018, "mixup", eq. 1.
    """
    if not alpha:
        return images, targets, weights
    share = _shares(tf.shape(weights)[0], alpha, seed)
    own, other = share * weights, (1.0 - share) * weights[::-1]
    image = _column(share, 4) * images + _column(1.0 - share, 4) * images[::-1]
    target = _column(own, 2) * targets + _column(other, 2) * targets[::-1]
    return image, tf.math.divide_no_nan(target, _column(own + other, 2)), own + other


def _shares(count: tf.Tensor, alpha: float, seed: tf.Tensor) -> tf.Tensor:
    """float32 (count,) of Beta(alpha, alpha): one of two equal gamma variables' part of their sum."""
    gammas = tf.random.stateless_gamma([2, count], seed, tf.constant(alpha, tf.float64), dtype=tf.float64)
    return tf.cast(gammas[0] / (gammas[0] + gammas[1]), tf.float32)


def _column(values: tf.Tensor, rank: int) -> tf.Tensor:
    return tf.reshape(values, [-1] + [1] * (rank - 1))
