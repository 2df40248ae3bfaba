"""What ends a training before its last epoch."""

import json
import math
from pathlib import Path

import pytest

from mien.configs.errors import JobFailed
from mien.models.data.dataset import Dataset
from mien.models.training.fit import fit, open_source
from mien.models.training.journal import Journal
from mien.models.training.train import train

pytestmark = pytest.mark.slow


def nothing_counts(example):
    """An example whose weight is no number."""
    example.features.feature['weight'].float_list.value[:] = [math.nan]


def test_a_loss_that_is_no_number_ends_at_its_step_and_keeps_the_last_good_state(dataset, rewritten, train_config, tmp_path):
    fit(open_source(dataset, train_config(epochs=1)), train_config(epochs=1), tmp_path, tmp_path / 'logs')
    state = (tmp_path / 'epoch.npz').read_bytes()
    bad = open_source(rewritten(nothing_counts), train_config())
    with pytest.raises(JobFailed, match=r'no number any more at step 1 of epoch 2; the state after epoch 1 is kept'):
        fit(bad, train_config(), tmp_path, tmp_path / 'logs')
    assert (tmp_path / 'epoch.npz').read_bytes() == state
    assert len(Journal(tmp_path).progress().history) == 1


def test_a_loss_that_is_no_number_from_the_start_says_so(rewritten, train_config, tmp_path):
    with pytest.raises(JobFailed, match=r'step 1 of epoch 1; no epoch was complete'):
        train([rewritten(nothing_counts).folder], str(tmp_path / 'out'), train_config(), 'x')
    assert not (tmp_path / 'out').exists()


def test_minutes_end_a_training_and_what_is_trained_becomes_the_package(dataset: Dataset, train_config, tmp_path: Path):
    package = train([dataset.folder], str(tmp_path / 'out'), train_config(epochs=10_000, minutes=0.05), 'x')
    metrics = json.loads(Path(package.folder, 'metrics.json').read_text())
    assert 1 <= len(metrics['history']) < 10_000
    assert train([dataset.folder], str(tmp_path / 'out'), train_config(epochs=10_000, minutes=0.05), 'x').id == package.id


def test_minutes_count_those_before_an_interruption(dataset, train_config, tmp_path):
    config = train_config(epochs=2)
    fit(open_source(dataset, config), config, tmp_path, tmp_path / 'logs')
    spent = Journal(tmp_path).progress().seconds
    assert spent > 0
    short = train_config(epochs=100, minutes=spent / 60)
    progress = fit(open_source(dataset, short), short, tmp_path, tmp_path / 'logs').progress
    assert (progress.ended, len(progress.history)) == ('minutes', 3)
    assert progress.seconds > spent
