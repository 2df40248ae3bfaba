"""The phases of a training: first, where a config asks for it, the head alone; then all of the network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import keras

from ...configs.schema import TrainConfig
from ..weights.layer_weights import head, leaves
from .adam import Adam

OPTIMIZERS = {'adam': Adam, 'nadam': keras.optimizers.Nadam}


@dataclass(frozen=True)
class Phase:
    """Epochs that are trained in one way.

    Attributes:
        first, end: epochs counted from 0, the end not included.
        frozen: only the head learns; batch normalisation elsewhere keeps its statistics.
        rate: learning rate at the start.
    """

    first: int
    end: int
    frozen: bool
    rate: float


def phases(config: TrainConfig) -> list[Phase]:
    """The phases that a config asks for, one or two."""
    head = min(config.frozen_epochs, config.epochs)
    rate = config.learning_rate if config.fine_tuning_rate is None or not head else config.fine_tuning_rate
    both = [Phase(0, head, True, config.learning_rate), Phase(head, config.epochs, False, rate)]
    return [phase for phase in both if phase.first < phase.end]


def trainable(model: keras.Model) -> list[keras.Layer]:
    """The layers that may learn: all but those that whoever built the network has frozen, and the head in any case."""
    last = head(model)
    return [layer for layer in leaves(model) if layer.trainable or layer is last]


def compile_for(model: keras.Model, phase: Phase, config: TrainConfig, may_learn: Sequence[keras.Layer]) -> None:
    """Freezes or thaws the layers and gives the model a new optimizer; its weights stay.

    Args:
        may_learn: see `trainable`, asked before the first phase.
    """
    last = head(model)
    for layer in may_learn:
        layer.trainable = layer is last or not phase.frozen
    model.compile(
        _optimizer(model, phase, config),
        keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=config.label_smoothing),
        metrics=['accuracy'],
        jit_compile=False,
    )


def _optimizer(model: keras.Model, phase: Phase, config: TrainConfig) -> keras.optimizers.Optimizer:
    """Decay is decoupled from the gradients: Loshchilov and Hutter 2019, "Decoupled weight decay regularization"."""
    average = {} if config.ema is None else {'use_ema': True, 'ema_momentum': config.ema}
    optimizer = OPTIMIZERS[config.optimizer](phase.rate, weight_decay=config.weight_decay or None, **average)
    optimizer.exclude_from_weight_decay([weight for weight in model.trainable_weights if len(weight.shape) < 2])
    return optimizer
