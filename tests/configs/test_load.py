"""A config is right or says in one line what is wrong with it."""

import dataclasses
from typing import get_type_hints

import pytest

from mien.configs.errors import UsageError
from mien.configs.load import as_dict, load, shipped
from mien.configs.schema import BuildConfig, CompareConfig, LabelConfig, TrainConfig

JOBS = {'label': LabelConfig, 'build': BuildConfig, 'train': TrainConfig, 'compare': CompareConfig}


@pytest.mark.parametrize('job', JOBS)
def test_the_shipped_defaults_fit_their_schema(job):
    config = load(JOBS[job], job)
    assert {field.name for field in dataclasses.fields(config)} == set(get_type_hints(JOBS[job]))


def test_every_shipped_config_belongs_to_a_job():
    for name in shipped():
        fitting = [job for job in JOBS if _fits(job, name)]
        assert fitting, name


def _fits(job, name):
    try:
        load(JOBS[job], job, name)
    except UsageError:
        return False
    return True


def test_the_command_line_beats_the_file_beats_the_defaults(tmp_path):
    file = tmp_path / 'mine.yaml'
    file.write_text('min_score: 0.5\nlimit: 7\n')
    config = load(LabelConfig, 'label', str(file), {'limit': 3, 'shards': None})
    assert (config.min_score, config.limit, config.shards, config.smallest_face) == (0.5, 3, None, 0.025)


@pytest.mark.parametrize(
    ('text', 'said'),
    [
        ('min_scor: 0.5', "no key 'min_scor' (did you mean 'min_score'?)"),
        ('min_score: high', "min_score is 'high', must be a number"),
        ('min_score: 1.5', 'min_score is 1.5, must be from 0.0 to 1.0'),
        ('limit: true', 'limit is True, must be a whole number or null'),
        ('limit: 0', 'limit is 0, must be at least 1'),
        ('include: 7', 'include is 7, must be a list of texts'),
        ('include: [a, 7]', "include is ['a', 7], must be a list of texts"),
        ('max_seconds: .inf', 'max_seconds is inf, must be a number'),
        ('extends: 7', 'extends is 7, must be the name of a shipped config'),
        ('extends: [label]', "extends is ['label'], must be the name of a shipped config"),
        ('- 1', 'holds list, not `key: value` lines'),
        ('a: [', 'not YAML'),
    ],
)
def test_a_wrong_value_is_named_with_its_remedy(tmp_path, text, said):
    file = tmp_path / 'mine.yaml'
    file.write_text(text)
    with pytest.raises(UsageError) as error:
        load(LabelConfig, 'label', str(file))
    assert said in str(error.value)
    assert str(file) in str(error.value)


def test_a_wrong_class_is_named(tmp_path):
    file = tmp_path / 'mine.yaml'
    file.write_text('classes: [neutral, happines]')
    with pytest.raises(UsageError, match=r"'happines' \(did you mean 'happiness'\?\)"):
        load(BuildConfig, 'build', str(file))


def test_a_missing_file_names_the_shipped_configs():
    with pytest.raises(UsageError, match=r"No such file or directory \(did you mean 'fer2013_4'\?\); name a YAML file or one of .*fer2013"):
        load(BuildConfig, 'build', 'fer2014')


@pytest.fixture
def write(tmp_path):
    """Writes config files by name and returns the path of the last one."""

    def write(**texts: str) -> str:
        paths = [tmp_path / f'{name}.yaml' for name in texts]
        for path, text in zip(paths, texts.values(), strict=True):
            path.write_text(text)
        return str(paths[-1])

    return write


def refusal(schema: type, job: str, file: str) -> str:
    with pytest.raises(UsageError) as error:
        load(schema, job, file)
    assert '\n' not in str(error.value)
    return str(error.value)


def test_a_single_text_is_a_list_of_one(write):
    config = load(BuildConfig, 'build', write(mine='include: "*.jpg"\nclasses: anger\nsources: {a: {inputs: one}}'))
    assert (config.include, config.classes, config.sources) == (('*.jpg',), ('anger',), {'a': {'inputs': ('one',)}})


def test_powers_of_ten_are_numbers(write):
    assert load(TrainConfig, 'train', write(mine='learning_rate: 1e-4')).learning_rate == 0.0001


def test_defaults_then_base_then_middle_then_top_then_command_line(write):
    file = write(
        base='limit: 1\nshards: 2\nmin_score: 0.1\nmax_bytes: 5',
        middle='extends: base.yaml\nlimit: 3\nshards: 4\nmin_score: 0.2',
        top='extends: middle.yaml\nlimit: 6\nshards: 8',
    )
    config = load(LabelConfig, 'label', file, {'limit': 9})
    assert (config.limit, config.shards, config.min_score, config.max_bytes, config.smallest_face) == (9, 8, 0.2, 5, 0.025)


def test_a_map_replaces_the_map_of_its_base_and_null_is_a_value(write):
    config = load(
        BuildConfig, 'build', write(base='label_map: {a: anger}\nlimit: 3', mine='extends: base.yaml\nlabel_map: {b: fear}\nlimit: null')
    )
    assert (config.label_map, config.limit) == ({'b': 'fear'}, None)


def test_a_file_extends_a_shipped_config(write):
    config = load(BuildConfig, 'build', write(mine='extends: ferplus_2\nname: mine'))
    assert dataclasses.replace(config, name='ferplus_2') == load(BuildConfig, 'build', 'ferplus_2')


def test_what_is_extended_lies_beside_the_file_wherever_one_stands(write, tmp_path, monkeypatch):
    file = write(base='limit: 3', mine='extends: base.yaml')
    (tmp_path / 'elsewhere').mkdir()
    monkeypatch.chdir(tmp_path / 'elsewhere')
    assert load(LabelConfig, 'label', file).limit == 3
    assert load(LabelConfig, 'label', '../mine.yaml').limit == 3


def test_a_date_that_is_none_and_a_number_too_long_are_named(write):
    assert 'not YAML: month must be in 1..12' in refusal(LabelConfig, 'label', write(mine='limit: 2026-13-45'))
    assert 'must be a number' in refusal(LabelConfig, 'label', write(mine=f'max_seconds: {"9" * 400}'))


@pytest.mark.parametrize(
    'texts',
    [
        {'mine': 'extends: mine.yaml'},
        {'one': 'extends: mine.yaml', 'mine': 'extends: one.yaml'},
        {'mine': 'extends: folder/../mine.yaml'},
    ],
)
def test_a_config_that_extends_itself_is_refused(write, tmp_path, texts):
    (tmp_path / 'folder').mkdir()
    assert 'extends itself, by way of' in refusal(LabelConfig, 'label', write(**texts))


def test_a_mistake_is_told_of_the_file_that_makes_it(write, tmp_path):
    file = write(base='min_scor: 0.5', mine='extends: base.yaml\nmin_score: 0.5')
    assert refusal(LabelConfig, 'label', file).startswith(f"config '{tmp_path / 'base.yaml'}': no key 'min_scor'")
    file = write(base='min_score: 5', mine='extends: base.yaml\nmin_score: 0.5')
    assert refusal(LabelConfig, 'label', file).startswith(f"config '{tmp_path / 'base.yaml'}': min_score is 5")
    said = refusal(LabelConfig, 'label', write(mine='extends: gone.yaml'))
    assert f"gone.yaml', which '{tmp_path / 'mine.yaml'}' extends: No such file or directory; name a YAML file" in said


def test_a_config_of_another_command_is_told():
    assert "config 'fer2013_ferplus': no key 'name'; `mien label` knows include, " in refusal(LabelConfig, 'label', 'ferplus_2')


def test_an_option_is_called_as_it_was_said():
    with pytest.raises(UsageError, match=r'^--min-score is 2, must be from 0\.0 to 1\.0$'):
        load(LabelConfig, 'label', 'label', {'min_score': 2})


def test_a_config_in_a_store_is_refused():
    assert 'is in a store, and configs are read from a disk' in refusal(LabelConfig, 'label', 's3://bucket/mine.yaml')


def test_a_source_says_what_it_likes_and_the_rest_holds_from_above(write):
    text = 'label_column: said\nweight: 0.5\nsources: {a: {label_column: null, box_columns: [x, y, w, h]}, b: }'
    config = load(BuildConfig, 'build', write(mine=text))
    assert (config.source('a').label_column, config.source('a').box_columns, config.source('a').weight) == (None, ('x', 'y', 'w', 'h'), 0.5)
    assert config.source('b') == config.source('of no name')
    assert as_dict(config)['sources'] == {'a': {'label_column': None, 'box_columns': ['x', 'y', 'w', 'h']}, 'b': {}}


@pytest.mark.parametrize(
    ('text', 'said'),
    [
        ('sources: {a: {lable_column: x}}', "sources: a': no key 'lable_column' (did you mean 'label_column'?)"),
        ('sources: {a: {classes: [anger]}}', "sources: a': no key 'classes'"),
        ('sources: {a: {weight: much}}', "sources: a': weight is 'much', must be a number"),
        ('sources: {a: {weight: -1}}', "sources: a': weight is -1, must be at least 0.0"),
        ('sources: {a: {votes: [x]}}', "sources: a': votes is ['x'], must be a map of text to text"),
        ('sources: {a: 7}', "sources is {'a': 7}, must be a map of names"),
        ('sources: {7: {weight: 1}}', 'must be a map of names'),
        ('sources: [a]', "sources is ['a'], must be a map of names"),
        ('sources: null', 'sources is None, must be a map of names'),
    ],
)
def test_a_wrong_value_of_a_source_is_named_with_its_remedy(write, text, said):
    file = write(mine=text)
    message = refusal(BuildConfig, 'build', file)
    assert said in message
    assert file in message
