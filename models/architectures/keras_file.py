"""A user's trained Keras file as an architecture: what stands around it so that it takes our crops and gives logits in our order."""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
from keras import layers

from ...configs.errors import UsageError
from ...configs.schema import TrainConfig
from .architecture import InputSpec

RANGES = {'0..255': (1.0, 0.0), '0..1': (1 / 255, 0.0), '-1..1': (1 / 127.5, -1.0)}  # factor and offset
LEAST = 1e-30  # of a probability whose logarithm is taken


@dataclass(frozen=True)
class Meaning:
    """What a Keras file cannot say of itself.

    Attributes:
        input_range: key of RANGES.
        order: for each of the training's classes, which of the file's outputs it is; None: as they are.
    """

    input_range: str = '0..255'
    order: tuple[int, ...] | None = None

    @classmethod
    def of(cls, config: TrainConfig, classes: tuple[str, ...]) -> Meaning:
        """As a config says it: the file's outputs are in the order of `--classes`, where that is given."""
        return cls(config.input_range, tuple(config.classes.index(name) for name in classes) if config.classes else None)


def builder(path: str) -> Callable[[InputSpec, int], keras.Model]:
    """The function that builds a network around the file, its values 0..255 and its outputs in the classes' order.

    Raises:
        UsageError: there is no such file, or it is not one.
    """
    return around(path, Meaning())


def around(path: str, meaning: Meaning) -> Callable[[InputSpec, int], keras.Model]:
    """The same with what the file cannot say."""
    _refuse_code(path, _config(path))
    return partial(_build, path, meaning)


def side(path: str) -> int | None:
    """The side that the file's network works on; None: any.

    Raises:
        UsageError: it cannot be read, or takes no square images.
    """
    return _side(path, _load(path))


def _build(path: str, meaning: Meaning, spec: InputSpec, classes: int) -> keras.Model:
    """Float32 images (n, crop, crop, channels), 0..255, to logits (n, classes), with the file's weights.

    Raises:
        UsageError: the file does not fit.
    """
    trained = _load(path)
    own = _side(path, trained)
    if own is not None and spec.size != own:
        raise UsageError(f'architecture {path!r}: takes {own} pixels, not {spec.size}; leave --input-size out')
    if not trained.weights:
        raise UsageError(f'architecture {path!r}: its network has no weights to train; give it some')
    if trained.output_shape != (None, classes):
        raise UsageError(
            f'architecture {path!r}: its output is {trained.output_shape}, the training has {classes} classes; name as many by --classes '
            "(for `mien compare`: in a recipe), in the order of the file's outputs"
        )
    inputs = keras.Input((spec.crop, spec.crop, spec.channels), name='image')
    factor, offset = RANGES[meaning.input_range]
    x = _resized(inputs, spec.size, spec.channels, trained.input_shape[-1])
    try:
        x = trained(layers.Rescaling(factor, offset, dtype='float32', name='range')(x))
    except ValueError as error:
        said = ' '.join(str(error).split())[:200]
        raise UsageError(f'architecture {path!r}: cannot take {spec.size} pixels ({said}); say --input-size') from error
    if _gives_probabilities(trained, spec.size, meaning):
        x = keras.ops.log(keras.ops.maximum(keras.ops.cast(x, 'float32'), LEAST))
    if meaning.order is not None and meaning.order != tuple(range(classes)):
        x = keras.ops.take(x, np.array(meaning.order), axis=-1)
    return keras.Model(inputs, layers.Activation('linear', dtype='float32', name='logits')(x), name='keras_file')


def _resized(x: keras.KerasTensor, size: int, channels: int, wanted: int) -> keras.KerasTensor:
    if channels == 3 and wanted == 1:
        x = keras.ops.image.rgb_to_grayscale(x)
    x = x if x.shape[1] == size else keras.ops.image.resize(x, (size, size))
    return layers.Concatenate(dtype='float32', name='grey')([x, x, x]) if channels < wanted else x


def _gives_probabilities(trained: keras.Model, size: int, meaning: Meaning) -> bool:
    """Whether its outputs for noise are shares of one: a softmax at the end, written in whatever way."""
    factor, offset = RANGES[meaning.input_range]
    noise = np.random.default_rng(0).uniform(0, 255, (4, size, size, trained.input_shape[-1])) * factor + offset
    outputs = np.asarray(keras.ops.convert_to_numpy(trained(noise.astype(np.float32), training=False)), np.float64)
    return bool((outputs >= 0).all() and (np.abs(outputs.sum(axis=1) - 1) < 1e-2).all())


def _side(path: str, trained: keras.Model) -> int | None:
    shape = trained.input_shape if getattr(trained, 'inputs', None) else None
    if not isinstance(shape, tuple) or len(shape) != 4 or shape[1] != shape[2] or shape[3] not in (1, 3):
        raise UsageError(f'architecture {path!r}: its input is {shape}; it must be one square image of 1 or 3 channels')
    return shape[1]


def _load(path: str) -> keras.Model:
    _refuse_code(path, _config(path))
    try:
        return keras.saving.load_model(path, compile=False, safe_mode=True)
    except Exception as error:
        said = ' '.join(str(error).split())[:200]
        raise UsageError(f'architecture {path!r}: Keras cannot load it ({said}); save it with the layers of Keras alone') from error


def _config(path: str) -> Any:
    """What the file says of its layers."""
    if not Path(path).is_file():
        raise UsageError(f'architecture {path!r}: no such file; name a Keras file, or a network of `mien models`')
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                return json.loads(archive.read('config.json'))
        with h5py.File(path) as file:
            return json.loads(file.attrs['model_config'])
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        raise UsageError(
            f'architecture {path!r}: is no Keras file with a network in it; save the whole model, not the weights alone'
        ) from error


def _refuse_code(path: str, config: Any) -> None:
    left = [config]
    while left:
        some = left.pop()
        if isinstance(some, dict):
            if some.get('class_name') in ('Lambda', '__lambda__', 'TorchModuleWrapper', 'TFSMLayer'):
                raise UsageError(f'architecture {path!r}: holds code (a {some["class_name"]} layer), which is not run; save it without')
            some = list(some.values())
        left += some if isinstance(some, list) else []
