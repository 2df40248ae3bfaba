"""Weights out of dlib's files of networks, read as numbers.

A layer stands in such a file as a text that says what it is, its weights as a tensor, and its form, in the order of the way through the
network. What stands between is passed over. Affine layers are folded into the convolutions before them.

Source of the format: dlib 20, `serialize.h`, `cuda/tensor.h`, `dnn/layers.h` (`con_`, `affine_`, `fc_`).
"""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np

from ...configs.errors import UsageError
from ..architectures.dlib_resnet import GREY_MEAN, MEANS, SCALE
from .layer_weights import LayerWeights

LAYER = re.compile(rb'\x01(?:\x05(?P<con>con_4)|\x07(?P<affine>affine_)|\x04(?P<fc>fc_2))')  # a text, its length before it
VERSION = 2  # of a tensor
BIG = np.finfo(np.float32).max


def read(path: str, channels: int) -> list[LayerWeights]:
    """The convolutions of a network that ends in a fully connected layer: float32 kernels (height, width, in, out) and biases (out).

    Args:
        channels: of the images, 1 or 3. For grey ones the first kernel is the sum over its three channels: the same numbers on grey.
    Raises:
        UsageError: it is no such file, or not all of it.
    """
    try:
        found = _convolutions(_Reader(Path(path).read_bytes()))
    except (OSError, ValueError) as error:
        raise UsageError(f'weights {path!r}: is no whole network of dlib ({error}); copy it again, or name another file') from error
    return [_for_grey(found[0]), *found[1:]] if channels == 1 and found[0].shapes[0][2] == len(MEANS) else found


class _Reader:
    """A place among bytes, which moves on with what is read there. Each method raises a ValueError where something else stands."""

    def __init__(self, content: bytes) -> None:
        self.content, self.at = content, 0

    def layer(self) -> str | None:
        """Goes into the next layer: con, affine or fc."""
        found = LAYER.search(self.content, self.at)
        if found is None:
            raise ValueError(f'after byte {self.at} there is no further layer')
        self.at = found.end()
        return found.lastgroup

    def integer(self) -> int:
        """A byte that says sign and length, and as many bytes, the least first."""
        (control,) = self._take(1)
        value = int.from_bytes(self._take(control & 0x0F), 'little')
        return -value if control & 0x80 else value

    def tensor(self) -> np.ndarray:
        """float32 (all of it)."""
        version, *shape = [self.integer() for _ in range(5)]
        if version != VERSION or min(shape) < 1:
            raise ValueError(f'there is no tensor before byte {self.at}')
        return np.frombuffer(self._take(4 * math.prod(shape)), '<f4')

    def _take(self, count: int) -> bytes:
        taken = self.content[self.at : self.at + count]
        if len(taken) < count:
            raise ValueError(f'it ends at byte {len(self.content)}, within a layer')
        self.at += count
        return taken


def _convolutions(reader: _Reader) -> list[LayerWeights]:
    found: list[LayerWeights] = []
    while (kind := reader.layer()) == 'con':
        kernel, bias = _convolution(reader)
        if reader.layer() != 'affine':
            raise ValueError(f'no affine layer stands after convolution {len(found) + 1}')
        found.append(_folded(f'convolution {len(found) + 1}', kernel, bias, reader.tensor()))
    if kind != 'fc' or not found:
        raise ValueError(f'it begins with no convolution, or one lacks before byte {reader.at}')
    reader.integer(), reader.integer(), reader.tensor()  # outputs, inputs, weights: they have to be there
    return found


def _convolution(reader: _Reader) -> tuple[np.ndarray, np.ndarray]:
    values = reader.tensor()
    filters, height, width = (reader.integer() for _ in range(3))
    if min(filters, height, width) < 1 or len(values) <= filters or (len(values) - filters) % (filters * height * width):
        raise ValueError(f'{len(values)} numbers are no {filters} filters of {height}x{width} before byte {reader.at}')
    return values[:-filters].reshape(filters, -1, height, width).transpose(2, 3, 1, 0), values[-filters:]


def _folded(name: str, kernel: np.ndarray, bias: np.ndarray, affine: np.ndarray) -> LayerWeights:
    if len(affine) != 2 * len(bias):
        raise ValueError(f'{name} of {len(bias)} filters has an affine layer of {len(affine)} numbers')
    scale, shift = np.split(affine.astype(np.float64), 2)
    with np.errstate(invalid='ignore'):
        values = (kernel * scale, bias * scale + shift)
    if not all(np.all(np.abs(value) <= BIG) for value in values):
        raise ValueError(f'{name} has weights that are no numbers')
    return LayerWeights(name, tuple(value.astype(np.float32) for value in values))


def _for_grey(first: LayerWeights) -> LayerWeights:
    """A grey image has one mean taken off, a colour one three: the bias takes up the difference."""
    kernel, bias = first.values
    shift = np.einsum('hwio,i->o', kernel, SCALE * (GREY_MEAN - np.array(MEANS)))
    return LayerWeights(first.name, (kernel.sum(axis=2, keepdims=True), (bias + shift).astype(np.float32)))
