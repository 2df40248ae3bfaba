"""What a config makes of a training: phases, frozen layers, moving average, weight decay, label smoothing."""

import math

import keras
import numpy as np
import pytest

from mien.models.training.fit import fit, network, open_source
from mien.models.training.journal import Journal, _variables, labelling_weights
from mien.models.training.phases import Phase, compile_for, phases, trainable


@pytest.mark.parametrize(
    ('changes', 'expected'),
    [
        ({}, [Phase(0, 4, False, 0.001)]),
        ({'frozen_epochs': 1}, [Phase(0, 1, True, 0.001), Phase(1, 4, False, 0.001)]),
        ({'frozen_epochs': 3, 'fine_tuning_rate': 1e-5}, [Phase(0, 3, True, 0.001), Phase(3, 4, False, 1e-5)]),
        ({'frozen_epochs': 9, 'fine_tuning_rate': 1e-5}, [Phase(0, 4, True, 0.001)]),
        ({'fine_tuning_rate': 1e-5}, [Phase(0, 4, False, 0.001)]),
    ],
)
def test_the_phases_share_out_the_epochs(train_config, changes, expected):
    assert phases(train_config(**changes)) == expected


def test_what_its_builder_has_frozen_stays_frozen(train_config):
    """A network's own transfer: its backbone never learns, its head always does."""
    inputs = keras.Input((4,))
    inside = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3), keras.layers.BatchNormalization()])
    inside.trainable = False
    model = keras.Model(inputs, keras.layers.Dense(2)(keras.layers.Dense(3, name='neck')(inside(inputs))))
    may_learn = trainable(model)
    for frozen, learns in ((True, 2), (False, 4)):
        compile_for(model, Phase(0, 1, frozen, 0.1), train_config(), may_learn)
        assert len(model.trainable_weights) == learns
    model.layers[-1].trainable = False
    assert trainable(model)[-1] is model.layers[-1]


@pytest.mark.slow
def test_frozen_epochs_change_the_head_alone(dataset, train_config, tmp_path):
    config = train_config(frozen_epochs=1, epochs=1)
    source = open_source(dataset, config)
    fitted = fit(source, config, tmp_path, tmp_path / 'logs')
    keras.utils.clear_session()
    keras.utils.set_random_seed(config.seed + 1)
    fresh = network(source, config)
    changed = [weight.path for weight, before in zip(fitted.network.weights, fresh.weights, strict=True) if np.any(weight != before)]
    assert changed == ['logits/kernel', 'logits/bias']


def slope(config, weight=1.0):
    """A network of one weight, compiled."""
    inputs = keras.Input((1,))
    model = keras.Model(inputs, keras.layers.Dense(1, use_bias=False)(inputs))
    model.layers[-1].set_weights([np.array([[weight]])])
    compile_for(model, Phase(0, 1, False, 0.1), config, trainable(model))
    model.loss = keras.losses.MeanSquaredError()
    model.compile(model.optimizer, model.loss)
    return model


def test_what_labels_is_the_average_of_the_weights_and_training_goes_on_from_the_last(train_config):
    model = slope(train_config(ema=0.75))
    seen = []
    for _ in range(3):
        model.train_on_batch(np.ones((4, 1)), np.zeros((4, 1)))
        seen.append(model.get_weights()[0].item())
    assert seen[0] > seen[1] > seen[2]
    average = 0.75 * (0.75 * seen[0] + 0.25 * seen[1]) + 0.25 * seen[2]
    assert labelling_weights(model)[0].item() == pytest.approx(average, rel=1e-6)
    assert model.get_weights()[0].item() == seen[2]


def test_without_an_average_the_last_weights_label(train_config):
    model = slope(train_config())
    model.train_on_batch(np.ones((4, 1)), np.zeros((4, 1)))
    assert labelling_weights(model)[0].item() == model.get_weights()[0].item() != 1.0


@pytest.mark.parametrize('optimizer', ['adam', 'nadam'])
def test_kernels_decay_by_the_rate_and_nothing_else_does(train_config, optimizer):
    """Examples of no weight have no gradients: what changes then is decay, by a factor of 1 - 0.1 * 0.5 a step."""
    inputs = keras.Input((1,))
    x = keras.layers.BatchNormalization()(inputs)
    model = keras.Model(inputs, keras.layers.Dense(2)(x))
    model.layers[1].set_weights([np.array([some]) for some in (4.0, 5.0, 0.0, 1.0)])
    model.layers[2].set_weights([np.array([[2.0, 1.0]]), np.array([3.0, 2.0])])
    compile_for(model, Phase(0, 1, False, 0.1), train_config(weight_decay=0.5, optimizer=optimizer), trainable(model))
    for _ in range(2):
        model.train_on_batch(np.ones((4, 1)), np.ones((4, 2)), sample_weight=np.zeros(4))
    learnt = np.concatenate([weight.numpy().ravel() for weight in model.trainable_weights])
    np.testing.assert_allclose(learnt, [4.0, 5.0, 2.0 * 0.95**2, 0.95**2, 3.0, 2.0], rtol=1e-6)


def test_smoothed_labels_give_other_classes_their_share(train_config):
    inputs = keras.Input((3,))
    model = keras.Model(inputs, keras.layers.Dense(3, kernel_initializer='identity')(inputs))
    compile_for(model, Phase(0, 1, False, 0.1), train_config(label_smoothing=0.3), trainable(model))
    logits, target = np.array([[2.0, 0.0, 0.0]]), np.array([[1.0, 0.0, 0.0]])
    total = math.log(math.exp(2) + 2)
    assert model.evaluate(logits, target, verbose=0)[0] == pytest.approx(0.8 * (total - 2) + 0.2 * total, rel=1e-5)


@pytest.mark.slow
def test_the_validation_sees_the_average(dataset, train_config, tmp_path):
    """The best epoch's weights, evaluated again, have the loss that the history says."""
    config = train_config(ema=0.9, epochs=2)
    source = open_source(dataset, config)
    fitted = fit(source, config, tmp_path, tmp_path / 'logs')
    fitted.network.compile(loss=keras.losses.CategoricalCrossentropy(from_logits=True))
    loss = fitted.network.evaluate(source.evaluation('validation'), verbose=0)
    assert loss == pytest.approx(fitted.progress.history[fitted.progress.best]['val_loss'], rel=1e-4)
    assert len(Journal(tmp_path).progress().history) == 2


@pytest.mark.slow
def test_layers_that_calculate_in_half_precision_keep_whole_weights_and_a_whole_export(dataset, train_config, tmp_path):
    config = train_config(precision='mixed_bfloat16', epochs=1)
    source = open_source(dataset, config)
    fitted = fit(source, config, tmp_path, tmp_path / 'logs')
    (tmp_path / 'whole').mkdir()
    whole = fit(source, train_config(epochs=1), tmp_path / 'whole', tmp_path / 'logs')
    assert {weight.dtype for weight in fitted.network.weights} == {'float32'}
    assert {layer.compute_dtype for layer in fitted.network.layers} == {'float32'}
    assert fitted.progress.history != whole.progress.history  # so it did calculate in another precision
    assert keras.config.dtype_policy().name == 'float32'


@pytest.mark.parametrize('scaled', [False, True])
def test_the_journal_keeps_all_of_nadams_state(scaled):
    nadam = keras.optimizers.Nadam(0.1)
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.LossScaleOptimizer(nadam) if scaled else nadam, 'mse')
    kept = _variables(model)
    assert sum(one is nadam._u_product for one in kept) == 1
    assert len({id(one) for one in kept}) == len(kept)
