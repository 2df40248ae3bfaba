"""The published runs are configs of mien's own."""

import pytest

from mien.configs.load import load
from mien.configs.schema import TrainConfig

RUNS = [
    ('0_1', 'mini_xception', 32, 10, 0.5206),
    ('0_2', 'mini_xception', 64, 60, 0.8236),
    ('0_3', 'mini_xception', 16, 60, 0.8325),
    ('0_4', 'mini_xception', 8, 60, 0.8484),
    ('0_5', 'mini_xception', 32, 60, 0.8239),
    ('1_1', 'fernet', 64, 60, 0.6653),
    ('1_2', 'fernet', 64, 60, 0.9133),
    ('1_3', 'fernet', 8, 60, 0.8479),
    ('2_1', 'dcnn', 32, 100, 0.78),
    ('2_2', 'dcnn', 64, 60, 0.8446),
    ('2_3', 'dcnn', 64, 120, None),
]


@pytest.mark.parametrize(('run', 'architecture', 'batch', 'epochs', 'reported'), RUNS)
def test_a_published_run_is_a_config(run, architecture, batch, epochs, reported):
    config = load(TrainConfig, 'train', f'run_{run}')
    found = (config.architecture, config.batch_size, config.epochs, config.expect_accuracy, config.name)
    assert found == (architecture, batch, epochs, reported, f'run_{run}')


@pytest.mark.parametrize(
    ('name', 'rate', 'plateau', 'stop'),
    [('dcnn', 1e-3, (0.5, 7), 11), ('fernet', 1e-4, (0.2, 6), 15), ('mini_xception', 1e-3, (0.5, 4), 15)],
)
def test_recipes_have_their_authors_rates(name, rate, plateau, stop):
    config = load(TrainConfig, 'train', name)
    assert (config.optimizer, config.learning_rate, config.stop_patience) == ('adam', rate, stop)
    assert (config.plateau_factor, config.plateau_patience) == plateau
