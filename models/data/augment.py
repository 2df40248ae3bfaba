"""Random changes to training images, a batch at a time; a step of a seed always changes its images in the same way."""

from __future__ import annotations

import math
from dataclasses import astuple, dataclass

import tensorflow as tf

from ...configs.schema import TrainConfig


@dataclass(frozen=True)
class Augmentation:
    """How far images may be changed, either way.

    Attributes:
        flip: mirror half of them.
        rotation: radians.
        zoom, shift: share of the side.
        brightness: share of the full range. contrast: share.
    """

    flip: bool
    rotation: float
    zoom: float
    shift: float
    brightness: float
    contrast: float

    @classmethod
    def of(cls, config: TrainConfig) -> Augmentation:
        rotation = math.radians(config.rotation)
        return cls(config.flip, rotation, config.zoom, config.shift, config.brightness, config.contrast)


def augment(images: tf.Tensor, how: Augmentation, seed: tf.Tensor) -> tf.Tensor:
    """Changes each image by its own draw; what comes in from outside repeats the border.

    Args:
        images: float32 (n, size, size, channels), 0..255.
        seed: int64 (2,).
    Returns:
        The same shape and range.
    """
    if not any(astuple(how)):
        return images
    draws = tf.random.stateless_uniform([7, tf.shape(images)[0]], seed, -1.0, 1.0)
    return _tone(_warp(images, _transforms(how, draws, images.shape[1])), how, draws)


def _transforms(how: Augmentation, draws: tf.Tensor, size: int) -> tf.Tensor:
    """(n, 8) float32 rows that take a pixel of the result to its place in the image, about the centre."""
    mirror = tf.where(draws[0] < 0, -1.0, 1.0) if how.flip else tf.ones_like(draws[0])
    scale, angle = 1.0 + draws[1] * how.zoom, draws[2] * how.rotation
    cosine, sine, centre = scale * tf.cos(angle), scale * tf.sin(angle), (size - 1) / 2
    a0, a1, b0, b1 = cosine * mirror, -sine, sine * mirror, cosine
    a2 = centre - centre * (a0 + a1) + draws[3] * how.shift * size
    b2 = centre - centre * (b0 + b1) + draws[4] * how.shift * size
    return tf.stack([a0, a1, a2, b0, b1, b2, tf.zeros_like(a0), tf.zeros_like(a0)], axis=1)


def _warp(images: tf.Tensor, transforms: tf.Tensor) -> tf.Tensor:
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=transforms,
        output_shape=tf.shape(images)[1:3],
        fill_value=0.0,
        interpolation='BILINEAR',
        fill_mode='NEAREST',
    )


def _tone(images: tf.Tensor, how: Augmentation, draws: tf.Tensor) -> tf.Tensor:
    if not (how.brightness or how.contrast):
        return images
    mean = tf.reduce_mean(images, axis=[1, 2, 3], keepdims=True)
    stretch, lift = (draw[:, None, None, None] for draw in (1.0 + draws[5] * how.contrast, draws[6] * how.brightness * 255.0))
    return tf.clip_by_value((images - mean) * stretch + mean + lift, 0.0, 255.0)
