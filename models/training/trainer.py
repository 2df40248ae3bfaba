"""What Keras's fit is given: a training's batches, steps and callbacks, phase by phase."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import keras

from ...configs.schema import TrainConfig
from ..data.augment import Augmentation
from ..data.records import Source
from .journal import Journal
from .keep import KeepJournal, StopAtNaN
from .phases import Phase, compile_for
from .progress import ShowProgress
from .schedule import Cosine
from .team import StayEqual, Team


@dataclass(frozen=True)
class Trainer:
    """A training.

    Attributes:
        journal: where its state is kept.
        logs: folder for TensorBoard.
        team: those that train together.
    """

    source: Source
    config: TrainConfig
    journal: Journal
    logs: Path
    team: Team

    @property
    def batch_size(self) -> int:
        """The asked one, or all faces where there are fewer."""
        return min(self.config.batch_size, self.source.size('train'))

    @property
    def steps(self) -> int:
        """Of an epoch."""
        return self.source.size('train') // self.batch_size

    def run(self, model: keras.Model, may_learn: list[keras.Layer], phase: Phase) -> None:
        """Trains through a phase, or through what is left of it.

        Args:
            may_learn: see `trainable`.
        """
        done = self.journal.progress()
        if done.ended or len(done.history) >= phase.end:
            return
        compile_for(model, phase, self.config, may_learn)
        self.team.prepare(model)
        source, first, how = self.source, len(done.history), Augmentation.of(self.config)
        model.fit(
            self.team.shared(lambda share: source.training(first, phase.end, self.batch_size, self.config.seed, how, share)),
            initial_epoch=first,
            epochs=phase.end,
            steps_per_epoch=self.steps,
            validation_data=self.team.shared(lambda share: source.evaluation('validation', share)),
            validation_steps=None if self.team.size == 1 else source.evaluation_steps('validation', self.team.size),
            callbacks=self._callbacks(phase),
            shuffle=False,
            verbose=0,
        )

    def _callbacks(self, phase: Phase) -> list[keras.callbacks.Callback]:
        config, team = self.config, self.team
        stops = not phase.frozen and config.stop_patience is not None
        deciding = [self._rate(phase), *([keras.callbacks.EarlyStopping(patience=config.stop_patience)] if stops else [])]
        average = [] if config.ema is None else [keras.callbacks.SwapEMAWeights()]  # validation sees the average
        logged = keras.callbacks.TensorBoard(str(self.logs), write_graph=False)
        told = [logged, ShowProgress(config.epochs, self.steps)] if team.chief else []
        keep = KeepJournal(self.journal, phase, deciding, config.device, config.minutes)
        equal = [] if team.size == 1 else [StayEqual(team, config.minutes is not None)]
        return [*average, *deciding, StopAtNaN(), *told, keep, *equal]

    def _rate(self, phase: Phase) -> keras.callbacks.Callback:
        config = self.config
        if config.schedule == 'cosine':
            return Cosine(phase, config.warmup_epochs, self.steps)
        return keras.callbacks.ReduceLROnPlateau(factor=config.plateau_factor, patience=config.plateau_patience, min_delta=0)
