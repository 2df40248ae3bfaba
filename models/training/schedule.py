"""The learning rate of every step, where a config asks for a schedule that is known beforehand."""

from __future__ import annotations

import math

import keras

from .phases import Phase


def rate_at(phase: Phase, warmup: int, epochs: float) -> float:
    """The learning rate so many epochs into a phase: from 0 to the phase's in `warmup` epochs, then along half a cosine to 0 at its end.

    Source: Loshchilov and Hutter 2017, "SGDR", eq. 5.
    """
    if epochs < warmup:
        return phase.rate * epochs / warmup
    return phase.rate * (1 + math.cos(math.pi * (epochs - warmup) / (phase.end - phase.first - warmup))) / 2


class Cosine(keras.callbacks.Callback):
    """Sets each step's rate, and notes that of an epoch's last step in its figures. It remembers nothing that a kill could take.

    Args:
        warmup: epochs, see `rate_at`.
        steps: of an epoch.
    """

    def __init__(self, phase: Phase, warmup: int, steps: int) -> None:
        super().__init__()
        self.phase, self.warmup, self.steps = phase, warmup, steps

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self.before = epoch - self.phase.first

    def on_train_batch_begin(self, batch: int, logs: dict[str, float] | None = None) -> None:
        self.model.optimizer.learning_rate = rate_at(self.phase, self.warmup, self.before + batch / self.steps)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        if logs is not None:
            logs['learning_rate'] = float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate))
