"""What a training says while it runs: one line an epoch; on a terminal also within an epoch, in place."""

from __future__ import annotations

import sys
import time

import keras

EVERY = 0.5


class ShowProgress(keras.callbacks.Callback):
    """Prints epochs, and steps if stdout is a terminal.

    Args:
        epochs: how many there will be at most.
        steps: of an epoch.
    """

    def __init__(self, epochs: int, steps: int) -> None:
        super().__init__()
        self.epochs, self.steps = epochs, steps
        self.terminal = sys.stdout.isatty()
        self.began = self.shown = 0.0

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self.epoch, self.began = epoch, time.monotonic()

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        now = time.monotonic()
        if not self.terminal or now - self.shown < EVERY:
            return
        self.shown = now
        left = (now - self.began) / (batch + 1) * (self.steps - batch - 1)
        loss = (logs or {}).get('loss', float('nan'))
        print(
            f'\r\033[Kepoch {self.epoch + 1}/{self.epochs}  step {batch + 1}/{self.steps}  loss {loss:.4f}  {left:.0f} s left',
            end='',
            flush=True,
        )

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        start = '\r\033[K' if self.terminal else ''
        print(f'{start}{epoch_line(epoch, self.epochs, logs or {}, time.monotonic() - self.began)}', flush=True)


def epoch_line(epoch: int, epochs: int, figures: dict[str, float], seconds: float) -> str:
    """One epoch in one line; `epoch` counts from 0."""
    trained = f'loss {figures["loss"]:.4f}  accuracy {figures["accuracy"]:.4f}'
    validated = f'validation loss {figures["val_loss"]:.4f}  accuracy {figures["val_accuracy"]:.4f}'
    return f'epoch {epoch + 1}/{epochs}  {trained}  {validated}  rate {figures["learning_rate"]:.2g}  {seconds:.1f} s'
