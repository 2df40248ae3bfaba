"""A build's config holds together or says in one line what does not, and of which source."""

import dataclasses

import pytest

from mien.configs.errors import UsageError
from mien.configs.load import ROOM, load, shipped
from mien.configs.schema import BuildConfig
from mien.pipelines.build_config import check, columns
from mien.pipelines.collections import collections
from mien.pipelines.inputs import sources

CONFIG = load(BuildConfig, 'build')
VOTES = {'anger': 'a', 'fear': 'f', 'unknown': 'u'}
VOTED = {'votes': VOTES, 'classes': ('anger', 'fear'), 'labels': ('l.csv',)}
INPUTS = ['a', 'two', 'three', 'four']
TWO = {'a': {}, 'b': {'inputs': ('two', 'three')}}  # four is of none, so of the dataset's own


def said(inputs: list[str], **values: object) -> str:
    """What is wrong with a config, or nothing."""
    config = dataclasses.replace(CONFIG, **values)
    try:
        check(config, collections(config, sources(inputs)))
    except UsageError as error:
        return str(error)
    return ''


@pytest.mark.parametrize(
    ('values', 'wrong'),
    [
        ({'name': 'my-faces'}, "name 'my-faces': must be a letter"),
        ({'classes': ()}, 'classes []: name at least one'),
        ({'classes': ('fear', 'anger', 'fear')}, 'names fear twice; take one out'),
        ({'split_map': {'Training': 'trian'}}, "split_map: 'Training' becomes 'trian' (did you mean 'train'?)"),
        ({'label_map': {'angry': 'angr'}}, "label_map: 'angry' becomes 'angr' (did you mean 'anger'?)"),
        ({'label_map': {'angry': 'dropped'}}, "(did you mean 'drop'?)"),
        ({'box_columns': ('x', 'y')}, "box_columns ['x', 'y']: must be four columns"),
        (VOTED | {'classes': ('anger', 'fear', 'disgust')}, "votes ['anger', 'fear', 'unknown']: none for disgust; name its column"),
        (VOTED | {'label_map': {'fear': 'anger'}}, 'none for fear'),
        (VOTED | {'votes': VOTES | {'fear': 'a'}}, "anger, fear are all counted by the column 'a'"),
        ({'labels': ('l.csv', 'm.csv'), 'label_column': None}, "labels 'l.csv', 'm.csv': neither label_column nor votes"),
        ({'split_column': 'usage', 'box_columns': ('x', 'y', 'w', 'h')}, 'split_column, box_columns: set, but there is no labels file'),
        ({'vote_margin': 0.2, 'minimum_votes': 3}, 'vote_margin 0.2, minimum_votes 3: set, but no source has votes'),
        ({'vote_share': 0.5, 'vote_floor': 2}, 'vote_share 0.5, vote_floor 2: set, but no source has votes'),
        ({'vote_policy': 'soft'}, 'vote_policy soft: set, but no source has votes'),
    ],
)
def test_a_config_that_contradicts_itself(values, wrong):
    message = said(['one'], **values)
    assert wrong in message
    assert '\n' not in message


@pytest.mark.parametrize(
    'values',
    [
        {},
        {'label_map': {'angry': 'anger', 'blurry': 'drop', 'joy': 'positive'}},  # positive is no class here: other_class
        VOTED | {'vote_margin': 0.2, 'vote_share': 0.5, 'vote_floor': 2, 'minimum_votes': 3, 'vote_policy': 'soft'},
        VOTED
        | {'classes': ('positive', 'anger'), 'votes': {'happiness': 'h'} | VOTES, 'label_map': {'happiness': 'positive', 'fear': 'drop'}},
        VOTED | {'label_column': None},
        {'labels': ('l.csv',), 'box_columns': ('x', 'y', 'w', 'h'), 'split_column': 'usage'},
    ],
)
def test_a_config_that_holds(values):
    assert said(['one'], **values) == ''


@pytest.mark.parametrize(
    ('own', 'values', 'wrong'),
    [
        ({'label_map': {'angry': 'angr'}}, {}, "source 'b': label_map: 'angry' becomes 'angr'"),
        ({'votes': {'anger': 'x'}}, {'labels': ('b=l.csv',)}, "source 'b': votes ['anger']: none for neutral"),
        ({'label_column': None}, {'labels': ('b=l.csv',)}, "source 'b': labels 'l.csv': neither label_column nor votes"),
        ({'subject_column': 'who'}, {'labels': ('a=l.csv',)}, "source 'b': subject_column: set, but there is no labels file"),
        ({'subject_column': 'who'}, {'labels': ('a=l.csv',)}, 'say --labels b=FILE, or leave them empty there'),
        ({'inputs': ()}, {}, 'sources: b: inputs []: name at least one INPUT'),
        ({}, {'name': 'b'}, 'sources: b: is the name of the dataset too, to which four would belong'),
    ],
)
def test_a_source_that_contradicts_itself_is_named(own, values, wrong):
    assert wrong in said(INPUTS, sources=TWO | {'b': TWO['b'] | own}, **values)


def test_each_source_is_held_against_its_own_labels():
    """What holds at the top is no mistake where a source says it anew, and is one where it does not."""
    values = VOTED | {'split_column': 'usage', 'labels': ('a=l.csv', 'faces=m.csv')}
    assert said(INPUTS, sources=TWO | {'b': TWO['b'] | {'votes': {}, 'split_column': None}}, **values) == ''
    assert said(INPUTS, sources=TWO, **values).startswith("source 'b': split_column, votes: set, but")


def test_columns_are_those_of_the_source():
    two = {'a': {'votes': VOTES, 'split_column': 'usage'}, 'b': {'label_column': 'emotion', 'subject_column': 'who'}}
    config = dataclasses.replace(CONFIG, sources=two, image_column='photo')
    assert columns(config.source('a')) == ['photo', 'usage', 'a', 'f', 'u']
    assert columns(config.source('b')) == ['photo', 'emotion', 'who']


def is_of_build(name: str) -> bool:
    return (ROOM / f'{name}.yaml').read_text().startswith('# mien build')


@pytest.mark.parametrize('name', filter(is_of_build, shipped()))
def test_the_shipped_configs_hold(name):
    config = load(BuildConfig, 'build', name)
    files = tuple(f'{source}={source}.csv' for source in config.sources) or ('labels.csv',)
    config = dataclasses.replace(config, labels=files)
    own = [one for source, values in config.sources.items() for one in values.get('inputs', (source,))]
    check(config, collections(config, sources(own or ['photos'])))
    assert config.name == ('faces' if name == 'build' else name)
