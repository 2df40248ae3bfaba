"""How near `mien train` is to what TensorFlow can do here: images a second of its loop, and of ever barer ones on the same network.

    python -m benchmarks.training_speed DATASET [--architectures A,B | --configs A,B] [--steps N] [--rounds N]

    mien         records, augmentation, callbacks, journal left out: what an epoch of `mien train` does between validations
    keras        Keras's fit of the network and with the Adam as Keras makes them, on one batch that is held in memory, no callbacks
    fit          the same of the network and with the Adam of mien, of one kernel each for batch normalisation and for a step
    step         the same step as one tf.function, called in a loop
    bfloat16     fit with layers in mixed_bfloat16

Of --configs, train configs, all loops calculate in the config's precision, and in mien's its teachers do, too. The loops take turns, so
that a neighbour on the machine slows all of them. The last column is what the network's convolutions and products take of the speed of a
float32 matrix product in this process: forward operations as TensorFlow counts them, three times.
"""

from __future__ import annotations

import argparse
import math
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import keras
import tensorflow as tf

from mien.configs.load import load
from mien.configs.schema import TrainConfig
from mien.models.data.augment import Augmentation
from mien.models.data.dataset import Dataset
from mien.models.data.records import Source
from mien.models.training.fit import for_training, network, open_source
from mien.models.training.keep import StopAtNaN
from mien.models.training.phases import compile_for, phases, trainable
from mien.models.training.progress import ShowProgress
from mien.models.training.teachers import Teachers

BATCHES = {'compact_resnet': 64, 'dcnn': 32, 'fernet': 64, 'mini_xception': 32}
SIDES = {'mini_xception': 64}
LOOPS = ('mien', 'keras', 'fit', 'step', 'bfloat16')
SIDE = 1536  # of the matrices
Batch = tuple[tf.Tensor, tf.Tensor, tf.Tensor]


@dataclass(frozen=True)
class Speeds:
    """Images a second of each loop, by rounds; operations of an image's forward and backward way."""

    images: dict[str, list[float]]
    operations: float

    def median(self, loop: str) -> float:
        return statistics.median(self.images[loop])


class Clock(keras.callbacks.Callback):
    """Seconds between the first step's end and the last one's: tracing is not counted."""

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        if batch == 0:
            self.began = time.perf_counter()
        self.seconds = time.perf_counter() - self.began


class _WithinEpoch(keras.callbacks.Callback):
    """What a callback does after each step; there is no validation here that it could wait for."""

    def __init__(self, callback: keras.callbacks.Callback) -> None:
        super().__init__()
        self.on_train_batch_end = callback.on_train_batch_end


def main() -> None:
    said = _arguments()
    tf.config.set_visible_devices([], 'GPU')
    keras.utils.set_random_seed(1)
    dataset = Dataset.load(said.dataset)
    peak = _matmul_speed()
    print(f'float32 product of {SIDE}x{SIDE} matrices: {peak / 1e9:.0f} GFLOP/s')
    print(f'{"network":16}{"batch":>6}' + ''.join(f'{loop:>10}' for loop in LOOPS) + f'{"mien/keras":>12}{"mien/step":>11}{"of peak":>9}')
    for name, config in _configs(said):
        source = open_source(dataset, config)
        found = _speeds(replace(source, teach=Teachers.of(config, source)), config, said.steps, said.rounds)
        fastest = found.median('mien')
        share = fastest * found.operations / peak
        row = ''.join(f'{found.median(loop):10.0f}' for loop in LOOPS)
        ratios = f'{fastest / found.median("keras"):12.2f}{fastest / found.median("step"):11.2f}{share:9.0%}'
        print(f'{name:16}{config.batch_size:6}{row}{ratios}', flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('dataset', help='what `mien build` wrote')
    which = parser.add_mutually_exclusive_group()
    which.add_argument('--architectures', default=','.join(BATCHES), help="by train's defaults; default: all that have a batch size here")
    which.add_argument('--configs', help='train configs instead')
    parser.add_argument('--steps', type=int, default=40, help='of each loop in a round (default: 40)')
    parser.add_argument('--rounds', type=int, default=3, help='default: 3')
    return parser.parse_args()


def _configs(said: argparse.Namespace) -> Iterator[tuple[str, TrainConfig]]:
    if said.configs:
        yield from ((name, load(TrainConfig, 'train', name)) for name in said.configs.split(','))
        return
    for name in said.architectures.split(','):
        yield name, replace(load(TrainConfig, 'train'), architecture=name, batch_size=BATCHES[name], input_size=SIDES.get(name))


def _speeds(source: Source, config: TrainConfig, steps: int, rounds: int) -> Speeds:
    keras.config.set_dtype_policy(config.precision)
    model, plain = _compiled(source, config), _compiled(source, config, as_trained=False)
    batch = next(iter(_batches(source, config)))
    loops = {
        'mien': lambda: _fit(model, _batches(source, config), steps, [_WithinEpoch(StopAtNaN()), _WithinEpoch(ShowProgress(1, steps))]),
        'keras': lambda: _fit(plain, tf.data.Dataset.from_tensors(batch).repeat(), steps, []),
        'fit': lambda: _fit(model, tf.data.Dataset.from_tensors(batch).repeat(), steps, []),
        'step': _stepping(model, batch, steps),
        'bfloat16': _in_bfloat16(source, config, batch, steps),
    }
    images: dict[str, list[float]] = {loop: [] for loop in loops}
    for _ in range(rounds):
        for loop, run in loops.items():
            images[loop].append(config.batch_size * (steps - 1) / run())
    keras.config.set_dtype_policy('float32')
    return Speeds(images, 3 * _operations(model, batch[0][:1]))


def _compiled(source: Source, config: TrainConfig, as_trained: bool = True) -> keras.Model:
    model = network(source, config)
    model = for_training(model, config) if as_trained else model
    compile_for(model, phases(config)[-1], config, trainable(model))
    if not as_trained:
        model.compile(keras.optimizers.Adam(config.learning_rate), model.loss, metrics=['accuracy'], jit_compile=False)
    return model


def _batches(source: Source, config: TrainConfig) -> tf.data.Dataset:
    return source.training(0, 1000, config.batch_size, 1, Augmentation.of(config))


def _fit(model: keras.Model, batches: tf.data.Dataset, steps: int, callbacks: list[keras.callbacks.Callback]) -> float:
    """Seconds of all steps but the first."""
    clock = Clock()
    model.fit(batches, steps_per_epoch=steps, epochs=1, callbacks=[*callbacks, clock], shuffle=False, verbose=0)
    return clock.seconds


def _stepping(model: keras.Model, batch: Batch, steps: int) -> Callable[[], float]:
    step = tf.function(model.train_step, jit_compile=False)

    def run() -> float:
        float(step(batch)['loss'])
        began = time.perf_counter()
        for _ in range(steps - 1):
            figures = step(batch)
        float(figures['loss'])
        return time.perf_counter() - began

    return run


def _in_bfloat16(source: Source, config: TrainConfig, batch: Batch, steps: int) -> Callable[[], float]:
    keras.config.set_dtype_policy('mixed_bfloat16')
    model = _compiled(source, config)
    keras.config.set_dtype_policy(config.precision)
    return lambda: _fit(model, tf.data.Dataset.from_tensors(batch).repeat(), steps, [])


def _operations(model: keras.Model, image: tf.Tensor) -> float:
    """Floating point operations of one image's convolutions and products, forward."""
    graph = tf.function(lambda images: model(images, training=False)).get_concrete_function(tf.TensorSpec(image.shape, image.dtype)).graph
    return sum(_of(operation) for operation in graph.get_operations())


def _of(operation: tf.Operation) -> float:
    if operation.type not in ('Conv2D', 'DepthwiseConv2dNative', 'MatMul'):
        return 0.0
    weights, made = operation.inputs[1].shape, operation.outputs[0].shape
    each = math.prod(weights[:2] if operation.type == 'DepthwiseConv2dNative' else weights[:-1])
    return 2.0 * each * math.prod(made)


def _matmul_speed() -> float:
    """Floating point operations a second, the best of ten."""
    left, right = tf.random.uniform([SIDE, SIDE]), tf.random.uniform([SIDE, SIDE])
    multiply = tf.function(tf.matmul)
    multiply(left, right)
    return 2 * SIDE**3 / min(_seconds(lambda: multiply(left, right)[0, 0].numpy()) for _ in range(10))


def _seconds(run: Callable[[], object]) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


if __name__ == '__main__':
    main()
