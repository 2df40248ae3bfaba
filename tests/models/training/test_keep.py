"""What ends a training before its last epoch."""

import json
import math
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from mien.configs.errors import JobFailed
from mien.models.data.dataset import Dataset
from mien.models.training.fit import fit, open_source
from mien.models.training.journal import Journal
from mien.models.training.keep import KeepJournal
from mien.models.training.phases import Phase
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


def wrong_in_validation(example):
    """Another label than its crop's: the better a network learns the training faces, the worse it gets."""
    if example.features.feature['uri'].bytes_list.value[0].startswith(b'validation/'):
        name = example.features.feature['label_name'].bytes_list.value
        name[0] = {b'neutral': b'happiness', b'happiness': b'surprise', b'surprise': b'neutral'}[name[0]]


def test_rate_and_early_stopping_remember_the_epochs_before_an_interruption(rewritten, train_config, tmp_path):
    dataset = rewritten(wrong_in_validation)
    config = train_config(epochs=30, soft_labels=False, plateau_patience=1, plateau_factor=0.9, stop_patience=4)
    whole = fit(open_source(dataset, config), config, made(tmp_path / 'whole'), tmp_path / 'logs')
    history, best = whole.progress.history, whole.progress.best
    assert whole.progress.ended == 'early stopping'
    assert len(history) == best + 1 + 4 < 30
    assert history[-1]['learning_rate'] < history[0]['learning_rate']
    to_the_end = replace(config, epochs=len(history))
    assert fit(open_source(dataset, to_the_end), to_the_end, made(tmp_path / 'end'), tmp_path / 'logs').progress.ended == ''
    for cut in (best + 2, best + 4):  # in the midst of what both count
        folder = made(tmp_path / str(cut))
        fit(open_source(dataset, config), replace(config, epochs=cut), folder, tmp_path / 'logs')
        again = fit(open_source(dataset, config), config, folder, tmp_path / 'logs')
        assert again.progress.history == history
        assert (again.progress.best, again.progress.ended) == (best, 'early stopping')
        for mine, theirs in zip(again.network.get_weights(), whole.network.get_weights(), strict=True):
            np.testing.assert_array_equal(mine, theirs)


def test_a_worker_whose_minutes_are_over_goes_on_where_the_chief_does(dataset, train_config, tmp_path):
    keep = KeepJournal(Journal(tmp_path), Phase(0, 2, True, 0.001), [], minutes=1.0)
    keep.set_model(fit(open_source(dataset, train_config(epochs=1)), train_config(epochs=1), tmp_path, tmp_path / 'logs').network)
    keep.model.compile('sgd', 'mse')
    keep.over, keep.model.stop_training = True, False
    keep.on_epoch_end(1, {'loss': 1.0, 'val_loss': 1.0})
    assert Journal(tmp_path).progress().ended == ''


def made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def test_a_batch_that_is_too_large_for_the_memory_is_one_line(dataset, train_config, tmp_path, monkeypatch):
    def exhausted(*_, **__):
        raise tf.errors.ResourceExhaustedError(None, None, 'failed to allocate')

    monkeypatch.setattr(keras.Model, 'fit', exhausted)
    with pytest.raises(JobFailed, match=r'^memory is too small for a batch of 16 images; try a smaller --batch-size'):
        train([dataset.folder], str(tmp_path / 'out'), train_config(), 'x')
