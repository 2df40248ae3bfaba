"""Random changes to training images, a batch at a time; a step of a seed always changes its images in the same way."""

from __future__ import annotations

import math
from dataclasses import astuple, dataclass, replace

import tensorflow as tf

from ...configs.schema import TrainConfig

GREY = 127.5


@dataclass(frozen=True)
class Augmentation:
    """How far images may be changed, either way.

    Attributes:
        flip: mirror half of them.
        rotation: radians.
        zoom, shift: share of the side.
        brightness: share of the full range. contrast: share.
        blur: share of a blurred image that is mixed in, or taken off, which sharpens.
        cutout: greatest sides of a covered rectangle, share of the side.
        mixup: see `mixup.mix`.
    """

    flip: bool
    rotation: float
    zoom: float
    shift: float
    brightness: float
    contrast: float
    blur: float = 0.0
    cutout: float = 0.0
    mixup: float = 0.0

    @classmethod
    def of(cls, config: TrainConfig) -> Augmentation:
        rotation = math.radians(config.rotation)
        tone = (config.brightness, config.contrast, config.blur)
        return cls(config.flip, rotation, config.zoom, config.shift, *tone, config.cutout, config.mixup)


def augment(images: tf.Tensor, how: Augmentation, seed: tf.Tensor) -> tf.Tensor:
    """Changes each image by its own draw, all but mixing; what comes in from outside repeats the border.

    Args:
        images: float32 (n, size, size, channels), 0..255.
        seed: int64 (2,).
    Returns:
        The same shape and range.
    """
    if not any(astuple(replace(how, mixup=0.0))):
        return images
    draws = tf.random.stateless_uniform([7, tf.shape(images)[0]], seed, -1.0, 1.0)
    changed = _tone(_warp(images, _transforms(how, draws, images.shape[1])), how, draws)
    if how.blur:
        changed = _blur(changed, how.blur, tf.random.fold_in(seed, 3))
    return _cut_out(changed, how.cutout, tf.random.fold_in(seed, 1)) if how.cutout else changed


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


def _blur(images: tf.Tensor, greatest: float, seed: tf.Tensor) -> tf.Tensor:
    """Takes each image some way to what a 3x3 binomial filter makes of it, or as far away from that."""
    wide = tf.pad(images, [[0, 0], [1, 1], [1, 1], [0, 0]], 'SYMMETRIC')
    rows = (wide[:, :-2] + 2 * wide[:, 1:-1] + wide[:, 2:]) / 4
    blurred = (rows[:, :, :-2] + 2 * rows[:, :, 1:-1] + rows[:, :, 2:]) / 4
    way = tf.random.stateless_uniform([tf.shape(images)[0], 1, 1, 1], seed, -greatest, greatest)
    return tf.clip_by_value(images + way * (blurred - images), 0.0, 255.0)


def _cut_out(images: tf.Tensor, greatest: float, seed: tf.Tensor) -> tf.Tensor:
    """Covers a rectangle of each image: its centre anywhere in it, its sides of any length up to a share of the image's.

    Source: DeVries and Taylor 2017, sec. 3.2, whose squares are all of one size.
    """
    size = images.shape[1]
    draws = tf.random.stateless_uniform([4, tf.shape(images)[0], 1], seed) * size
    centres, sides = draws[:2], draws[2:] * greatest
    covered = tf.abs(tf.range(0.5, size) - centres) < sides / 2
    return tf.where((covered[0][:, :, None] & covered[1][:, None, :])[..., None], GREY, images)
