"""The learning rate along half a cosine: by hand, and as an optimizer sees it step by step."""

import keras
import numpy as np
import pytest

from mien.models.training.phases import Phase, compile_for, trainable
from mien.models.training.schedule import Cosine, rate_at


class Seen(keras.callbacks.Callback):
    """The rates of all steps, and what is noted of each epoch."""

    def __init__(self):
        super().__init__()
        self.rates, self.noted = [], []

    def on_train_batch_end(self, batch, logs=None):
        self.rates.append(float(self.model.optimizer.learning_rate))

    def on_epoch_end(self, epoch, logs=None):
        self.noted.append(logs['learning_rate'])


@pytest.mark.parametrize(
    ('warmup', 'epochs', 'expected'),
    [
        (0, 0, 0.1),
        (0, 3, 0.05),
        (0, 6, 0.0),
        (2, 0, 0.0),
        (2, 0.5, 0.025),
        (2, 2, 0.1),
        (2, 3, 0.08535534),  # (1 + the root of a half) / 2
        (2, 4, 0.05),
        (2, 5, 0.01464466),
        (2, 6, 0.0),
        (9, 6, 0.2 / 3),  # a phase that ends before it is warm
    ],
)
def test_the_rate_by_hand(warmup, epochs, expected):
    assert rate_at(Phase(1, 7, False, 0.1), warmup, epochs) == pytest.approx(expected, abs=1e-8)


def seen(train_config, first):
    """The rates of a phase of epochs 3 to 6 with four steps each, begun at one of them; the first epoch warms up."""
    inputs = keras.Input((1,))
    model = keras.Model(inputs, keras.layers.Dense(2)(inputs))
    phase, eyes = Phase(3, 6, False, 0.1), Seen()
    compile_for(model, phase, train_config(schedule='cosine'), trainable(model))
    callbacks = [Cosine(phase, 1, 4), eyes]
    model.fit(np.ones((4, 1)), np.ones((4, 2)), 1, initial_epoch=first, epochs=6, callbacks=callbacks, shuffle=False, verbose=0)
    return eyes


def test_each_step_has_its_rate_wherever_the_training_began(train_config):
    whole, resumed = seen(train_config, 3), seen(train_config, 4)
    expected = [0, 0.025, 0.05, 0.075, *(0.05 * (1 + np.cos(np.pi * step / 8)) for step in range(8))]
    np.testing.assert_allclose(whole.rates, expected, rtol=1e-6)
    assert resumed.rates == whole.rates[4:]
    assert whole.noted == whole.rates[3::4]
