"""Whether two trainings are the same, by what their folders say."""

import json
import re
import sys
from pathlib import Path

import pytest

from mien.configs.errors import UsageError
from mien.configs.load import as_dict, load, shipped
from mien.configs.schema import TrainConfig
from mien.models.training.recipe import IDENTITY, identity, read_identity, refuse_another, without_effect, write_identity
from mien.models.weights.beginning import began_with, weights_file


def test_an_option_that_did_not_exist_had_its_default(train_config, tmp_path):
    asked = identity(train_config(), 'faces@1')
    older = {key: value for key, value in asked.items() if key not in ('ema', 'input_range')}
    refuse_another(tmp_path, older, asked)
    with pytest.raises(UsageError, match=r'ema is None there, 0\.9 here'):
        refuse_another(tmp_path, older, identity(train_config(ema=0.9), 'faces@1'))


@pytest.mark.parametrize(
    ('options', 'said'),
    [
        ({'teacher_share': 0.7}, ['teacher_share 0.7 has no effect without teachers']),
        ({'teacher_share': 0.7, 'teachers': ('default',)}, []),
        ({'teacher_share': 0.0, 'teachers': ('default',)}, ["teachers ('default',) has no effect with a teacher_share of 0"]),
        ({'expect_on': 'faces'}, ['expect_on faces has no effect without expect_accuracy']),
        ({'fine_tuning_rate': 1e-4}, ['fine_tuning_rate 0.0001 has no effect without frozen epochs']),
        ({'warmup_epochs': 2}, ['warmup_epochs 2 has no effect with schedule plateau']),
        ({'warmup_epochs': 2, 'schedule': 'cosine', 'plateau_factor': 0.1}, ['plateau_factor 0.1 has no effect with schedule cosine']),
        ({'input_range': '0..1'}, ['input_range 0..1 has no effect with an architecture that is no Keras file']),
        ({'input_range': '0..1', 'architecture': 'mine.keras'}, []),
        (
            {'precision': 'mixed_bfloat16', 'architecture': 'mine.keras'},
            ['precision mixed_bfloat16 has no effect with a Keras file, whose layers say theirs'],
        ),
        ({'frozen_epochs': 3, 'epochs': 3, 'weights': 'imagenet'}, ['epochs 3 are all frozen ones: nothing but the head learns']),
        (
            {'frozen_epochs': 3},
            ['weights none: in 3 frozen epochs a head on random features is all that learns; see from_nothing'],
        ),
        ({'frozen_epochs': 3, 'architecture': 'mine.keras'}, []),
    ],
)
def test_what_is_asked_for_in_vain_is_told(options, said):
    assert without_effect(load(TrainConfig, 'train', None, options)) == said


RECIPES = ('run_', 'default_', 'fer2013_m', 'face_', 'dlib_', 'from_', 'tr')


@pytest.mark.parametrize('name', [name for name in shipped() if name.startswith(RECIPES)])
def test_no_shipped_recipe_asks_for_anything_in_vain(name):
    assert without_effect(load(TrainConfig, 'train', name)) == []


@pytest.mark.parametrize('change', [{'exports': ('saved_model',)}, {'label_with': 'int8'}, {'coverage': 0.5}, {'name': 'other'}])
def test_what_becomes_of_a_network_may_change_until_it_is_a_package(train_config, tmp_path, change):
    said, asked = identity(train_config(), 'faces@1'), identity(train_config(**change), 'faces@1')
    refuse_another(tmp_path, said, asked, finished=False)
    with pytest.raises(UsageError, match=f'{next(iter(change))} is '):
        refuse_another(tmp_path, said, asked)


def test_what_makes_the_weights_may_not(train_config, tmp_path):
    with pytest.raises(UsageError, match='seed is 5 there, 6 here'):
        refuse_another(tmp_path, identity(train_config(), 'faces@1'), identity(train_config(seed=6), 'faces@1'), finished=False)
    with pytest.raises(UsageError, match='dataset is'):
        refuse_another(tmp_path, identity(train_config(), 'faces@1'), identity(train_config(), 'faces@2'), finished=False)


def test_an_identity_is_plain_json(train_config):
    asked = identity(train_config(classes=('neutral', 'anger')), 'faces@1')
    assert json.loads(json.dumps(asked)) == asked
    assert asked.keys() >= as_dict(load(TrainConfig, 'train')).keys() - {'device', 'expect_accuracy', 'expect_on', 'measure_on'}


def test_an_identity_is_read_as_it_was_written(train_config, tmp_path):
    assert read_identity(tmp_path) is None
    write_identity(tmp_path, identity(train_config(), 'faces@1'))
    assert [path.name for path in tmp_path.iterdir()] == [IDENTITY]
    assert read_identity(tmp_path) == identity(train_config(), 'faces@1')


@pytest.mark.parametrize('text', ['', '{"epochs": ', '[]'])
def test_an_identity_that_is_none_is_told(tmp_path, text):
    (tmp_path / IDENTITY).write_text(text)
    with pytest.raises(UsageError, match=r"--out '.*': training\.json .*; remove the folder"):
        read_identity(tmp_path)


def test_a_module_may_carry_weights_and_is_not_run(train_config, tmp_path, monkeypatch):
    folder = tmp_path / 'carrier' / 'files'
    folder.mkdir(parents=True)
    (folder.parent / '__init__.py').write_text('raise RuntimeError("run")')
    (folder / 'some.h5').write_bytes(b'weights')
    monkeypatch.syspath_prepend(tmp_path)
    assert Path(weights_file('carrier:files/some.h5')) == folder / 'some.h5'
    assert re.fullmatch(r'some\.h5@[0-9a-f]{12}', began_with(train_config(weights='carrier:files/some.h5')))
    assert 'carrier' not in sys.modules
    with pytest.raises(UsageError, match="carrier carries no file 'other'"):
        weights_file('carrier:other')
    with pytest.raises(UsageError, match="no module 'nowhere' is installed"):
        weights_file('nowhere:file')
