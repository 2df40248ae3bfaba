"""The published runs are configs of mien's own, and the table of them is made of their rows."""

from pathlib import Path

import pytest

from mien.configs.load import load
from mien.configs.schema import CompareConfig, TrainConfig
from mien.models.compare.best import Rule, choose
from mien.models.compare.markdown import markdown
from mien.models.compare.publish import TITLE, said
from mien.models.compare.result import read
from mien.models.compare.tables import csv_text
from mien.models.compare.views import views

PUBLISHED = Path(__file__).parents[2] / 'docs/published'

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


@pytest.fixture(scope='module')
def results():
    """In the order of the runs."""
    found = {run: read(PUBLISHED / f'runs/row-{run}.json') for run in load(CompareConfig, 'compare', 'published').runs}
    return {run: result for run, result in found.items() if result is not None}


def test_the_published_table_is_made_of_its_rows(results):
    config, rows = load(CompareConfig, 'compare', 'published'), [result.row for result in results.values()]
    choices = choose(rows, Rule.of(config))
    shown = views(rows, [choice.row.id for choice in choices])
    tables = markdown(TITLE, said(list(results.values()), choices, len(config.runs)), shown, [])
    text, plots = (PUBLISHED / 'comparison.md').read_text().split('\n\n## Plots\n\n')
    assert text + '\n' == tables
    assert (PUBLISHED / 'comparison.csv').read_text() == csv_text(rows)
    assert sorted(plots.split()) == sorted(f'![plots/{path.name}](plots/{path.name})' for path in (PUBLISHED / 'plots').iterdir())
    assert sorted(path.name for path in (PUBLISHED / 'runs').iterdir()) == sorted(f'row-{run}.json' for run in results)


def test_published_rows_are_of_the_recipes_that_stand_here(results):
    runs = load(CompareConfig, 'compare', 'published').runs
    for run, result in results.items():
        config, row = load(TrainConfig, 'train', runs[run]['config']), result.row
        asked = (runs[run].get('architecture', config.architecture), config.batch_size, config.epochs, config.learning_rate, config.seed)
        assert (row.architecture, row.batch_size, row.epochs_asked, row.learning_rate, row.seed) == asked, run
        assert (row.expected, row.dataset.split('@')[0]) == (config.expect_accuracy, runs[run]['dataset']), run
        assert len(result.history) == row.epochs_run <= row.epochs_asked, run
        assert (row.ended == 'all epochs') == (row.epochs_run == row.epochs_asked), run


@pytest.mark.parametrize(
    ('name', 'rate', 'plateau', 'stop'),
    [('dcnn', 1e-3, (0.5, 7), 11), ('fernet', 1e-4, (0.2, 6), 15), ('mini_xception', 1e-3, (0.5, 4), 15)],
)
def test_recipes_have_their_authors_rates(name, rate, plateau, stop):
    config = load(TrainConfig, 'train', name)
    assert (config.optimizer, config.learning_rate, config.stop_patience) == ('adam', rate, stop)
    assert (config.plateau_factor, config.plateau_patience) == plateau
