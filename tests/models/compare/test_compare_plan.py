"""What a comparison will do: its runs, their names and configs, and what is refused before anything is trained."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from mien.configs.errors import UsageError
from mien.configs.load import load
from mien.configs.schema import CompareConfig, TrainConfig
from mien.models.compare import architectures, told
from mien.models.compare.asked import shortest, slug
from mien.models.compare.best import Rule, choose
from mien.models.compare.compare import prepared
from mien.models.compare.files import Places
from mien.models.compare.one import _untrained
from mien.models.compare.plan import after_others, plan
from mien.models.compare.planned import planned, unfit, untrainable
from mien.models.compare.recipes import recipe_of
from mien.models.compare.winner import keep
from mien.models.package import find
from mien.models.training.recipe import identity, write_identity


def config(**said) -> CompareConfig:
    return load(CompareConfig, 'compare', None, said)


def trained(run) -> TrainConfig:
    return run.source.config


def test_every_architecture_meets_every_dataset_by_its_own_recipe(folder):
    made = plan(config(architectures=('dcnn', 'fernet')), [folder('raw'), folder('curated')])
    assert made.ids == ('raw-dcnn', 'raw-fernet', 'curated-dcnn', 'curated-fernet')
    assert [run.id for run in made.runs] == list(made.ids)
    assert [trained(run) for run in made.runs[:2]] == [
        replace(load(TrainConfig, 'train', name), name=f'raw-{name}') for name in ('dcnn', 'fernet')
    ]
    assert [run.test.name for run in made.runs] == ['raw', 'raw', 'curated', 'curated']


def test_a_grid_names_what_varies_and_the_budget_is_for_all(folder):
    made = plan(config(architectures=('dcnn',), batch_sizes=(16, 64), learning_rates=(0.001, 5e-5), epochs=3, minutes=2), [folder('raw')])
    assert made.ids == ('raw-dcnn-b16-lr0.001', 'raw-dcnn-b16-lr5e-05', 'raw-dcnn-b64-lr0.001', 'raw-dcnn-b64-lr5e-05')
    found = [(one.batch_size, one.learning_rate, one.epochs, one.minutes) for one in map(trained, made.runs)]
    assert found == [(16, 0.001, 3, 2.0), (16, 5e-5, 3, 2.0), (64, 0.001, 3, 2.0), (64, 5e-5, 3, 2.0)]


def test_a_rate_of_the_grid_is_that_of_both_phases(folder):
    made = plan(config(architectures=('MobileNet',), learning_rates=(0.001, 0.01, 1e-5)), [folder('raw')])
    assert [(one.learning_rate, one.fine_tuning_rate) for one in map(trained, made.runs)] == [(0.001, 1e-4), (0.01, 0.001), (1e-5, 1e-6)]


def test_what_is_reported_is_of_one_dataset_and_its_test_split(folder):
    raw, own = folder('raw'), folder('fer2013_ferplus')
    asked = config(architectures=('compact_resnet',))
    (home,), (away,) = plan(asked, [own]).runs, plan(asked, [raw]).runs
    (elsewhere,) = plan(replace(asked, test=raw), [own]).runs
    assert [planned(run, 'test').expected for run in (home, away, elsewhere)] == [0.82, None, None]
    assert planned(home, 'validation').expected is None


@pytest.mark.parametrize(
    ('run', 'dataset', 'batch', 'epochs', 'reported'),
    [
        ('0_1', 'fer2013', 32, 10, 0.5206),
        ('0_4', 'ferplus_3', 8, 60, 0.8484),
        ('1_1', 'fer2013', 64, 60, 0.6653),
        ('1_3', 'ferplus_3', 8, 60, 0.8479),
        ('2_1', 'fer2013_4', 32, 100, 0.78),
        ('2_3', 'ferplus_3', 64, 120, None),
    ],
)
def test_the_published_runs_are_a_comparison(folder, run, dataset, batch, epochs, reported):
    folders = [folder(name) for name in ('fer2013', 'fer2013_4', 'ferplus_3')]
    made = plan(load(CompareConfig, 'compare', 'published', {'only': (run,)}), folders)
    assert len(made.ids) == 23
    (one,) = made.runs
    found = trained(one)
    assert (one.id, one.test.name, one.source.dataset.name) == (run, dataset, dataset)
    assert (found.batch_size, found.epochs, found.expect_accuracy) == (batch, epochs, reported)


def test_a_run_may_say_another_architecture_and_other_weights(folder):
    runs = {'t_one': {'architecture': 'MobileNet', 'weights': 'none', 'config': 'train'}}
    (run,) = plan(config(runs=runs, weights='imagenet'), [folder('two')]).runs
    assert (trained(run).architecture, trained(run).weights, trained(run).name) == ('MobileNet', 'none', 't_one')


def test_packages_are_measured_on_the_test_or_on_each_dataset(folder):
    raw, curated = folder('raw'), folder('curated')
    one = plan(config(packages=('default',), test=curated), [raw])
    assert [(run.id, run.test.name, run.source) for run in one.runs] == [('default', 'curated', 'default')]
    each = plan(config(packages=('default',)), [raw, curated])
    assert [(run.id, run.test.name) for run in each.runs] == [('raw-default', 'raw'), ('curated-default', 'curated')]


def test_datasets_of_one_name_are_called_by_their_folders(folder):
    first, second = Path(folder('faces', under='one')), folder('faces', under='two')
    renamed = first.rename(first.with_name('monday'))
    assert plan(config(architectures=('dcnn',)), [str(renamed), second]).ids == ('monday-dcnn', 'faces-dcnn')


@pytest.mark.parametrize(
    ('architecture', 'said', 'weights', 'recipe'),
    [
        (None, {}, None, 'train'),
        ('dcnn', {}, None, 'dcnn'),
        ('dcnn', {'dcnn': 'run_2_1'}, None, 'run_2_1'),
        ('compact_resnet', {}, 'none', 'compact_resnet'),
        ('MobileNetV2', {}, None, 'transfer'),
        ('MobileNetV2', {}, 'imagenet', 'transfer'),
        ('MobileNetV2', {}, 'none', 'from_nothing'),
        ('MobileNetV2', {'MobileNetV2': 'run_t'}, 'none', 'run_t'),
        ('mine.networks:build', {}, 'none', 'train'),
        ('folder/network.keras', {}, None, 'train'),
    ],
)
def test_the_recipe_of_an_architecture(architecture, said, weights, recipe):
    assert recipe_of(architecture, said, weights) == recipe


def test_a_network_that_learns_from_nothing_has_no_frozen_phase(folder):
    (run,) = plan(config(architectures=('MobileNet',), weights='none'), [folder('raw')]).runs
    assert (trained(run).weights, trained(run).frozen_epochs, trained(run).fine_tuning_rate) == ('none', 0, None)


def test_weights_of_a_recipe_that_are_not_here_fail_one_run_alone(folder, tmp_path):
    recipe = tmp_path / 'mine.yaml'
    recipe.write_text('architecture: fernet\nweights: no_module_of_this_name:file.h5\n')
    asked = config(architectures=('dcnn', 'fernet'), recipes={'fernet': str(recipe)})
    there, lacking = prepared([folder('raw')], tmp_path / 'out', asked).runs
    assert untrainable(there.source) == ''
    assert "no module 'no_module_of_this_name' is installed" in untrainable(lacking.source)
    assert planned(lacking, 'test').weights == 'no_module_of_this_name:file.h5'


def test_all_architectures_are_those_of_keras_too_and_another_one_is_refused(capsys):
    assert architectures.main(['all']) == 0
    found = json.loads(capsys.readouterr().out)
    assert {'dcnn', 'fernet', 'mini_xception', 'MobileNet', 'DenseNet121', 'Xception', 'VGG16'} < set(found)
    with pytest.raises(UsageError, match=r"'MobilNet': no such architecture \(did you mean 'MobileNet'\?\)"):
        architectures.spelled_out(['dcnn', 'MobilNet'])
    assert architectures.main(['all', 'MobilNet']) == 2
    assert "'MobilNet': no such architecture" in capsys.readouterr().err


@pytest.mark.parametrize(
    ('value', 'short'), [(16, '16'), (20231101, '20231101'), (1e-3, '0.001'), (1e-5, '1e-05'), (0.00012345678, '0.00012345678')]
)
def test_a_number_of_the_grid_is_told_from_all_others(value, short):
    assert shortest(value) == short


@pytest.mark.parametrize('name', ['a.log', 'a.yaml', 'a.partial', 'row-a', 'none', 'imagenet'])
def test_an_id_that_means_something_else_is_refused(folder, name):
    with pytest.raises(UsageError, match=f"run '{name}': means a file of another run, or what a run begins with"):
        plan(config(runs={name: {'config': 'dcnn'}}), [folder('raw')])


def test_an_out_that_is_a_file_is_refused(folder, tmp_path):
    (tmp_path / 'out').touch()
    with pytest.raises(UsageError, match='is a file; name a folder'):
        prepared([folder('raw')], tmp_path / 'out', config(architectures=('dcnn',)))


def test_a_name_becomes_part_of_a_file_name():
    assert [slug(text) for text in ('a.b:c', '../x', 'é', 'MobileNetV3-Large')] == ['a.b_c', 'x', '_', 'MobileNetV3-Large']


@pytest.mark.parametrize(
    ('said', 'datasets', 'message'),
    [
        ({}, ['raw'], 'nothing to compare'),
        ({'architectures': ('dcnn',)}, [], 'no DATASET to train on'),
        ({'packages': ('default',)}, [], 'no dataset to measure them on'),
        ({'packages': ('default', './default')}, ['raw'], "run 'default': there are two"),
        ({'architectures': ('dcnn',), 'only': ('raw-dcn',)}, ['raw'], r"--only 'raw-dcn': no such run \(did you mean 'raw-dcnn'\?\)"),
        (
            {'runs': {'a': {}}, 'architectures': ('dcnn',), 'seeds': (1, 2)},
            ['raw'],
            'architectures, seeds: set beside runs, each of which has its own; say them in the config of a run',
        ),
        ({'packages': ('default',), 'seeds': (1,), 'epochs': 3}, ['raw'], 'seeds, epochs: say how to train, and nothing is trained; name'),
        ({'runs': {'a/b': {}}}, ['raw'], "run 'a/b': no name for a file"),
        ({'runs': {'a': {'dataset': 'row'}}}, ['raw'], r"dataset 'row' is not among the DATASETs \(did you mean 'raw'\?\)"),
        ({'runs': {'a': {}}}, ['raw', 'curated'], 'names no dataset'),
        ({'runs': {'a': {'config': 'run_9_9'}}}, ['raw'], "config 'run_9_9'"),
        ({'runs': {'a': {}}, 'test': 'nowhere'}, ['raw'], "dataset 'nowhere': no such folder"),
        ({'architectures': ('dcnn',), 'split': 'validation', 'weights': 'nowhere.keras'}, ['raw'], "weights 'nowhere.keras': no such file"),
        ({'packages': ('defualt',)}, ['raw'], r"model 'defualt': .*did you mean 'default'"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_trained(folder, tmp_path, said, datasets, message):
    folders = [folder(name) for name in datasets]
    with pytest.raises(UsageError, match=message) as error:
        prepared(folders, tmp_path / 'out', config(**said))
    assert '\n' not in str(error.value)
    assert not (tmp_path / 'out').exists()


def test_a_missing_split_or_class_is_said_before_anything_is_trained(folder, tmp_path):
    raw = folder('raw')
    mine = tmp_path / 'mine.yaml'
    mine.write_text('architecture: dcnn\nclasses: [neutral, fear]\n')
    with pytest.raises(UsageError, match="no class 'fear'"):
        prepared([raw], tmp_path / 'out', config(runs={'a': {'config': str(mine)}}))
    for split in ('train', 'validation', 'test'):
        records = Path(raw, f'raw-{split}.tfrecord-00000-of-00001')
        records.unlink()
        with pytest.raises(UsageError, match=f"no split '{split}'"):
            prepared([raw], tmp_path / 'out', config(architectures=('dcnn',)))
        records.touch()


@pytest.mark.parametrize('teachers', ['', 'teachers: [default]'])
def test_a_changed_recipe_is_refused_with_the_difference(folder, tmp_path, teachers):
    (tmp_path / 'mine.yaml').write_text(f'architecture: dcnn\n{teachers}\n')
    asked = {'architectures': ('dcnn',), 'recipes': {'dcnn': str(tmp_path / 'mine.yaml')}}
    raw, places = folder('raw'), Places(tmp_path / 'out')
    (run,) = prepared([raw], places.out, config(**asked, epochs=3)).runs
    places.partial(run.id).mkdir(parents=True)
    write_identity(places.partial(run.id), identity(trained(run), planned(run, 'test').dataset))
    assert prepared([raw], places.out, config(**asked, epochs=3)).ids == ('raw-dcnn',)
    with pytest.raises(UsageError, match='epochs is 3 there, 4 here'):
        prepared([raw], places.out, config(**asked, epochs=4))


def test_a_training_that_was_killed_before_it_said_what_it_is_goes_on(folder, tmp_path):
    raw, places = folder('raw'), Places(tmp_path / 'out')
    partial = places.partial('raw-dcnn')
    (partial / 'work').mkdir(parents=True)
    (partial / '.training.json.partial').touch()
    assert prepared([raw], places.out, config(architectures=('dcnn',))).ids == ('raw-dcnn',)
    (partial / 'holiday.jpg').touch()
    with pytest.raises(UsageError, match='was not trained by `mien compare`'):
        prepared([raw], places.out, config(architectures=('dcnn',)))


def test_a_teacher_that_is_not_there_is_told_before_the_run_that_its_pupil_begins_with(folder, tmp_path):
    (tmp_path / 'taught.yaml').write_text('architecture: dcnn\nteachers: [nobody]\n')
    runs = {'first': {'architecture': 'dcnn'}, 'second': {'config': str(tmp_path / 'taught.yaml'), 'weights': 'first'}}
    with pytest.raises(UsageError, match="model 'nobody': "):
        prepared([folder('raw')], tmp_path / 'out', config(runs=runs))


def test_a_package_in_a_folder_named_as_ours_is_not_one_that_is_trained_here(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(find('default').folder, 'runs/mine')
    (run,) = plan(config(packages=('runs/mine',)), [folder('raw')]).runs
    assert (run.id, planned(run, 'test').package) == ('mine', './runs/mine')
    measured = replace(
        planned(run, 'test'), status='ok', model=find('runs/mine').id, examples=9, accuracy=0.9, standard_error=0.01, load_cold=0.1, bytes=1
    )
    (choice,) = choose([measured], Rule.of(config()))
    keep(choice, Places(tmp_path / 'out'))
    assert find(str(tmp_path / 'out/best')).id == measured.model


def test_a_run_may_begin_with_what_an_earlier_one_trains(folder, tmp_path):
    runs = {'first': {'architecture': 'dcnn'}, 'second': {'architecture': 'dcnn', 'weights': 'first'}}
    first, second = after_others(plan(config(runs=runs), [folder('two')]), Places(tmp_path)).runs
    assert (trained(first).weights, first.source.after) == ('none', None)
    assert (trained(second).weights, second.source.after) == (str(tmp_path / 'runs/first'), 'first')
    assert (planned(second, 'test').weights, untrainable(second.source)) == (
        'run first',
        'it begins with the package of run first, which is not there',
    )
    shutil.copytree(find('default').folder, tmp_path / 'runs/first')
    assert planned(second, 'test').weights.startswith('first@')
    assert untrainable(second.source) == ''


def test_what_would_fail_later_is_said_before_what_it_waits_for_is_trained(folder, tmp_path):
    (tmp_path / 'mine.yaml').write_text('architecture: dcnn\nclasses: [neutral, fear]\n')
    runs = {'first': {'architecture': 'dcnn'}, 'second': {'config': str(tmp_path / 'mine.yaml'), 'weights': 'first'}}
    with pytest.raises(UsageError, match="no class 'fear'"):
        prepared([folder('two')], tmp_path / 'out', config(runs=runs))


def test_a_package_that_stands_there_needs_its_weights_no_more(folder, tmp_path):
    runs = {'first': {'architecture': 'dcnn'}, 'second': {'architecture': 'dcnn', 'weights': 'first'}}
    _, second = after_others(plan(config(runs=runs), [folder('two')]), Places(tmp_path)).runs
    assert 'begins with the package of run first' in _untrained('second', second.source, Places(tmp_path), print)
    shutil.copytree(find('default').folder, tmp_path / 'runs/second')
    (tmp_path / 'runs/second/work').mkdir()
    assert _untrained('second', second.source, Places(tmp_path), print) == ''
    assert not (tmp_path / 'runs/second/work').exists()


def test_a_recipe_for_no_architecture_is_refused(folder, tmp_path):
    asked = config(architectures=('dcnn',), recipes={'mobilenet': 'run_t'})
    with pytest.raises(UsageError, match=r"'mobilenet': no such architecture \(did you mean 'MobileNet'\?\)"):
        prepared([folder('raw')], tmp_path / 'out', asked)


def test_a_later_run_is_nothing_to_begin_with(folder, tmp_path):
    runs = {'first': {'architecture': 'dcnn', 'weights': 'second'}, 'second': {'architecture': 'dcnn'}}
    with pytest.raises(UsageError, match=r"weights 'second': no such file"):
        prepared([folder('two')], tmp_path / 'out', config(runs=runs))


def test_a_folder_of_something_else_is_refused(folder, tmp_path):
    (tmp_path / 'photos').mkdir()
    (tmp_path / 'photos/holiday.jpg').touch()
    with pytest.raises(UsageError, match='holds files, and no comparison'):
        prepared([folder('raw')], tmp_path / 'photos', config(architectures=('dcnn',)))


def test_what_cannot_be_measured_is_not_trained(folder):
    raw, curated = folder('raw'), folder('curated', ('surprise', 'anger'))
    small, positive = folder('small', size=32), folder('positive', ('neutral', 'anger', 'positive'))
    runs = [plan(config(architectures=('dcnn',), test=test), [raw]).runs[0] for test in (None, raw, curated, small, positive)]
    reasons = [unfit(run.source, run.test, 'test') for run in runs]
    assert reasons[:2] == ['', '']
    assert 'the dataset has surprise, anger, the model neutral, happiness, anger' in reasons[2]
    assert 'crops are fer2013, scale 1, 32x32x1, this training takes fer2013, scale 1, 48x48x1' in reasons[3]
    assert 'says positive where this training says happiness' in reasons[4]


def test_what_is_known_of_a_package_stands_in_its_own_figures(folder):
    (run,) = plan(config(packages=('default',)), [folder('raw')]).runs
    row = planned(run, 'test')
    said = json.loads(Path(find('default').folder, 'metrics.json').read_text())['recipe']
    assert (row.dataset, row.batch_size, row.epochs_asked) == (said['dataset'], said['config']['batch_size'], said['config']['epochs'])
    assert (row.architecture, row.package, row.weights) == (said['config']['architecture'], 'default', said['began_with'])
    assert told.read(find('default').folder).teachers == tuple(said['config']['teachers'])


@pytest.mark.parametrize(
    ('key', 'value'),
    [
        ('batch_size', '32'),
        ('seed', 1.5),
        ('teachers', [5]),
        ('seconds', '5'),
        ('best', '3'),
        ('dataset', 5),
        ('history', [1]),
        ('history', [{'loss': 1.0}]),
        ('config', []),
        ('ended', {}),
    ],
)
def test_figures_that_are_none_are_not_told(tmp_path, key, value):
    metrics = json.loads(Path(find('default').folder, 'metrics.json').read_text())
    place = metrics['recipe']['config'] if key in ('batch_size', 'seed', 'teachers') else metrics if key == 'history' else metrics['recipe']
    place[key] = value
    (tmp_path / 'metrics.json').write_text(json.dumps(metrics))
    said, whole = told.read(tmp_path), told.read(find('default').folder)
    found = getattr(said, key, said.config.get(key))
    assert not found or (key == 'ended' and found == told.ALL_EPOCHS)
    assert said.training_accuracy in (None, whole.training_accuracy)
