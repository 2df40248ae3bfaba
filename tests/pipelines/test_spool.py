"""Rows on their way to shards: each comes out once, in the order of shards, and no shard is torn apart."""

import itertools
import os
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien.pipelines import spool
from mien.pipelines.spool import KEY, Spool, keys, split
from tests.small_disk import NotPermitted, small_disk

KEYS = st.one_of(
    st.integers(0, 2**64 - 1),
    st.integers(0, 2**48 - 1).map(lambda low: 0xAB << 56 | low),  # one bucket
    st.integers(0, 2**40 - 1).map(lambda low: 0xABCD << 48 | low),  # and one of the finer ones
    st.sampled_from([0, 2**64 - 1]),
)


def table(numbers: list[int], first: int = 0) -> pa.Table:
    return pa.table({KEY: pa.array(numbers, pa.uint64()), 'row': range(first, first + len(numbers))})


def shards(numbers: np.ndarray, bits: int) -> list[int]:
    return [int(number) >> (64 - bits) for number in numbers]


@pytest.fixture(params=[spool.HUGE, 3])
def huge(request, monkeypatch):
    monkeypatch.setattr(spool, 'HUGE', request.param)
    monkeypatch.setattr(spool, 'HELD', min(spool.HELD, 2 * request.param))


@given(st.lists(st.lists(KEYS, min_size=1, max_size=30), max_size=4), st.integers(0, 20))
def check_units(batches, bits):
    """A law that a test calls, as hypothesis and fixtures of a function do not go together."""
    with tempfile.TemporaryDirectory() as folder:
        held, first = Spool(Path(folder, 'spool')), 0
        for batch in batches:
            held.add(table(batch, first))
            first += len(batch)
        for _ in range(2):  # the plan goes over them twice
            units = list(held.units(bits))
            found = [row for unit in units for row in unit.to_pylist()]
            assert sorted(found, key=lambda row: row['row']) == table([number for batch in batches for number in batch]).to_pylist()
            spans = [(min(numbers), max(numbers)) for numbers in (shards(keys(unit), bits) for unit in units)]
            assert all(before[1] < after[0] for before, after in itertools.pairwise(spans))


def test_every_row_comes_out_once_in_the_order_of_whole_shards(huge):
    check_units()


def test_a_full_bucket_of_several_shards_is_cut_finer(tmp_path, monkeypatch):
    monkeypatch.setattr(spool, 'HUGE', 9)
    monkeypatch.setattr(spool, 'HELD', 9)
    held = Spool(tmp_path / 'spool')
    held.add(table([0xAB << 56 | shard << 54 for shard in range(4) for _ in range(5)] + [0xAC << 56] * 9))
    assert [unit.num_rows for unit in held.units(8)] == [20, 9]
    assert [unit.num_rows for unit in held.units(10)] == [5, 5, 5, 5, 9]
    assert [unit.num_rows for unit in held.units(0)] == [29]


def test_split_keeps_the_order_within_a_number():
    found = {number: some['row'].to_pylist() for number, some in split(table([7] * 6), np.array([2, 1, 2, 0, 1, 2]))}
    assert list(found.items()) == [(0, [3]), (1, [1, 4]), (2, [0, 2, 5])]


def test_no_rows_are_no_numbers():
    assert list(split(table([]), np.array([], np.uint64))) == []


def test_a_full_disk_is_named_once_rows_do_not_fit_into_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(spool, 'HELD', 4)
    try:
        with small_disk(tmp_path / 'disk', 8) as disk:
            held = Spool(disk.folder / 'spool')
            held.add(table([1, 2, 3]))
            with pytest.raises(OSError, match='No space left on device') as error:
                held.add(table([number << 56 for number in range(256)]))
            assert Path(error.value.filename).parent == disk.folder / 'spool'
    except NotPermitted as error:
        pytest.fail(str(error)) if os.environ.get('CI') and os.geteuid() == 0 else pytest.skip(f'no tmpfs can be mounted: {error}')
