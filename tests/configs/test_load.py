"""A config is right or says in one line what is wrong with it."""

import dataclasses
from typing import get_type_hints

import pytest

from mien.configs.errors import UsageError
from mien.configs.load import load, shipped
from mien.configs.schema import BuildConfig, LabelConfig, TrainConfig

JOBS = {'label': LabelConfig, 'build': BuildConfig, 'train': TrainConfig}


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
        ('include: "*.jpg"', "include is '*.jpg', must be a list of texts"),
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
    with pytest.raises(UsageError, match=r"'fer2014': No such file or directory; name a YAML file or one of .*fer2013"):
        load(BuildConfig, 'build', 'fer2014')
