"""Shards: a power of two that nests, by nothing but the uri."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien.configs.errors import UsageError
from mien.configs.load import load
from mien.configs.schema import LabelConfig
from mien.pipelines.inputs import list_inputs, sources
from mien.pipelines.plan import shard_count, shard_of, write_plans
from mien.transforms.plan_file import read_plan
from mien.transforms.records import image_id


@pytest.mark.parametrize(('inputs', 'shards'), [(1, 1), (1000, 1), (1001, 2), (2000, 2), (2001, 4), (32118, 64), (100_000, 128)])
def test_the_smallest_power_of_two_that_holds_the_inputs(inputs, shards):
    assert shard_count(inputs) == shards


@given(st.text(), st.integers(0, 10))
def test_shards_nest(uri, power):
    fine = shard_of(image_id(uri), 2 ** (power + 1))
    assert shard_of(image_id(uri), 2**power) == fine // 2
    assert 0 <= fine < 2 ** (power + 1)


def test_the_plan_holds_every_input_once(tmp_path):
    (tmp_path / 'in').mkdir()
    for number in range(50):
        (tmp_path / f'in/{number}.jpg').write_bytes(b'1')
    config = dataclasses.replace(load(LabelConfig, 'label'), shards=8)
    plan = write_plans(list_inputs(sources([str(tmp_path / 'in')]), config, []), config, str(tmp_path / 'out'))
    held = [entry.uri for shard in range(8) for entry in read_plan(plan.folder, shard, 8)]
    assert sorted(held) == sorted(f'{number}.jpg' for number in range(50))
    assert plan.finished() == set()


def test_a_count_that_is_no_power_of_two_is_refused(tmp_path):
    (tmp_path / 'a.jpg').write_bytes(b'1')
    config = dataclasses.replace(load(LabelConfig, 'label'), shards=6)
    with pytest.raises(UsageError, match='--shards 6: not a power of two; say 8'):
        write_plans(list_inputs(sources([str(tmp_path)]), config, []), config, str(tmp_path / 'out'))
    assert not (tmp_path / 'out').exists()


def test_a_second_listing_keeps_the_time_of_the_first(tmp_path):
    """Shards that a killed run finished hold what was read then."""
    (tmp_path / 'a.jpg').write_bytes(b'1')
    config = load(LabelConfig, 'label')
    began = []
    for shards in (2, 4):
        more = dataclasses.replace(config, shards=shards)
        write_plans(list_inputs(sources([str(tmp_path / 'a.jpg')]), more, []), more, str(tmp_path / 'out'))
        began.append((tmp_path / 'out/plan/listed.json').read_text())
    assert began[0] == began[1]
