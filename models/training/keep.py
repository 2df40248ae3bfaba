"""Callbacks that stand between a training and its journal: what is kept after an epoch, and what ends a training early."""

from __future__ import annotations

import math
import time

import keras

from ...configs.errors import JobFailed
from .journal import Journal
from .phases import Phase

EARLY, MINUTES = 'early stopping', 'minutes'


class StopAtNaN(keras.callbacks.Callback):
    """Ends the training at the step whose loss is no number; the journal keeps the last complete epoch."""

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self.epoch = epoch

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        if not math.isfinite((logs or {})['loss']):
            self._fail(f'step {batch + 1} of epoch {self.epoch + 1}')

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        if not math.isfinite((logs or {})['val_loss']):
            self._fail(f'the validation after epoch {epoch + 1}')

    def _fail(self, place: str) -> None:
        kept = f'the state after epoch {self.epoch} is kept' if self.epoch else 'no epoch was complete'
        raise JobFailed(f'the loss is no number any more at {place}; {kept}; try a lower --learning-rate and another --out')


class KeepJournal(keras.callbacks.Callback):
    """Writes the journal after each epoch; put it last, so that it sees what the other callbacks decided.

    On a resumed training it first tells the others of the epochs that they missed, and then restores weights and optimizer. It also
    ends the training when its minutes are over, in the midst of an epoch, which then counts as it is.

    Args:
        deciding: callbacks that have a memory of the phase's epochs.
        device: what it calculates on.
        minutes: of training, those before an interruption included; None: any number.
    """

    def __init__(
        self, journal: Journal, phase: Phase, deciding: list[keras.callbacks.Callback], device: str = 'cpu', minutes: float | None = None
    ) -> None:
        super().__init__()
        self.journal, self.phase, self.deciding, self.device, self.progress = journal, phase, deciding, device, journal.progress()
        self.seconds = math.inf if minutes is None else 60 * minutes
        self.began, self.over = 0.0, False

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        history = self.progress.history
        for epoch in range(self.phase.first, len(history)):
            for callback in self.deciding:
                callback.on_epoch_end(epoch, dict(history[epoch]))
        if history:
            self.journal.restore(self.model, with_optimizer=len(history) > self.phase.first)

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self.began = time.monotonic()

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        if self.progress.seconds + time.monotonic() - self.began > self.seconds:
            self.over = self.model.stop_training = True

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        figures = {name: float(value) for name, value in (logs or {}).items()}
        stops = self.model.stop_training  # of several workers, the chief says so
        early = EARLY if epoch + 1 < self.phase.end else ''  # after the last epoch there is nothing left to end
        ended = '' if not stops else MINUTES if self.over else early
        self.progress = self.progress.after(figures, time.monotonic() - self.began, ended, self.device)
        self.journal.write(self.model, self.progress)
