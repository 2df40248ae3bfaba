"""How fast training gets its batches: examples a second of `Source.training` on two cores, the first epoch and later ones apart.

    python -m benchmarks.input_speed DATASET [--batch-size N] [--epochs N] [--rounds N]

With the augmentation of `mien train`, without any, and with it but nothing held, as it is with a dataset too large for memory. Nothing is
trained meanwhile. Examples a processor second, times two, are what two idle cores do. The last line tells whether memory grows.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import time
from dataclasses import dataclass

import tensorflow as tf

from mien.configs.load import load
from mien.configs.schema import TrainConfig
from mien.models.data import records
from mien.models.data.augment import Augmentation
from mien.models.data.dataset import Dataset
from mien.models.data.graph import TransformGraph
from mien.models.data.records import Source

from .compare import Cost

CORES = {0, 1}
NOTHING = Augmentation(False, 0.0, 0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Variant:
    """One way to read; `held_bytes` stands for `records.HELD_BYTES`."""

    how: Augmentation
    held_bytes: int = records.HELD_BYTES


@dataclass(frozen=True)
class Speed:
    """Examples a second on the clock, and of the processor."""

    clock: float
    processor: float


@dataclass(frozen=True)
class Speeds:
    """Of the first epoch, its start included, and of the later ones together."""

    first: Speed
    later: Speed


def main() -> None:
    said = _arguments()
    os.sched_setaffinity(0, CORES)
    tf.config.set_visible_devices([], 'GPU')
    tf.random.set_seed(1)
    dataset = Dataset.load(said.dataset)
    source = Source(dataset, dataset.classes, TransformGraph(dataset))
    steps = sum(source.counts('train').values()) // said.batch_size
    peaks, rounds = [_peak()], []
    for _ in range(said.rounds):
        rounds.append({name: _speeds(source, variant, said.batch_size, said.epochs, steps) for name, variant in _variants().items()})
        peaks.append(_peak())
    crop = f'{dataset.crop.size}x{dataset.crop.size}x{dataset.crop.channels}'
    print(f'{steps * said.batch_size} crops of {crop} in batches of {said.batch_size}, {said.rounds} rounds of {said.epochs} epochs')
    for epoch in ('first', 'later'):
        for name in rounds[0]:
            _print(f'{epoch}, {name}', [getattr(round_[name], epoch) for round_ in rounds])
    print(f'peak memory: {peaks[0]:.0f} MB before the first example, then by rounds: {", ".join(f"{peak:.0f}" for peak in peaks[1:])}')


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('dataset', help='what `mien build` wrote')
    parser.add_argument('--batch-size', type=int, default=64, help='default: 64')
    parser.add_argument('--epochs', type=int, default=4, help='of each variant in a round, two or more (default: 4)')
    parser.add_argument('--rounds', type=int, default=3, help='default: 3')
    return parser.parse_args()


def _variants() -> dict[str, Variant]:
    usual = Augmentation.of(load(TrainConfig, 'train'))
    return {'augmented': Variant(usual), 'not augmented': Variant(NOTHING), 'augmented, decoded anew each epoch': Variant(usual, 0)}


def _speeds(source: Source, variant: Variant, batch_size: int, epochs: int, steps: int) -> Speeds:
    records.HELD_BYTES = variant.held_bytes
    marks = [_now()]
    for step, _ in enumerate(source.training(0, epochs, batch_size, 0, variant.how), 1):
        if step % steps == 0:
            marks.append(_now())
    return Speeds(_between(marks[0], marks[1], steps * batch_size), _between(marks[1], marks[-1], steps * batch_size * (epochs - 1)))


def _now() -> Cost:
    return Cost(time.perf_counter(), time.process_time())


def _between(start: Cost, end: Cost, examples: int) -> Speed:
    return Speed(examples / (end.clock - start.clock), examples / (end.processor - start.processor))


def _print(name: str, speeds: list[Speed]) -> None:
    clock = [speed.clock for speed in speeds]
    processor = statistics.median(speed.processor for speed in speeds)
    spread = f'(from {min(clock):,.0f} to {max(clock):,.0f})'
    print(f'{name:44}{statistics.median(clock):10,.0f} examples/s {spread:28}{processor:10,.0f} a processor second')


def _peak() -> float:
    """The most memory that this process has had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == '__main__':
    main()
