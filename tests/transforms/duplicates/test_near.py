"""Every near pair is found, none twice, against comparing all with all."""

from collections import defaultdict
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien.transforms.duplicates import near
from mien.transforms.duplicates.near import NEIGHBOURS, crowded, key_number, masks, pairs, partitions
from mien.transforms.duplicates.rows import ROW

HASHES = st.integers(0, 2**64 - 1)
CHANGES = st.lists(st.integers(0, 63), max_size=9)


@st.composite
def clustered(draw):
    """Hashes, many of them others with a few bits changed."""
    hashes = draw(st.lists(HASHES, min_size=1, max_size=4))
    for source, bits in draw(st.lists(st.tuples(st.integers(0, 3), CHANGES), max_size=16)):
        hashes.append(hashes[source % len(hashes)] ^ sum(1 << bit for bit in set(bits)))
    return hashes


def rows_of(hashes, spots=None):
    rows = np.zeros(len(hashes), ROW)
    rows['dhash'] = hashes
    rows['spot'] = range(len(hashes)) if spots is None else spots
    return rows


def found(rows, bits):
    """All pairs, grouped as the pipeline groups them."""
    buckets = defaultdict(list)
    for row in rows:
        for partition in partitions(int(row['dhash']), bits):
            buckets[partition].append(row)
    each = (pairs(np.array(bucket, ROW), key_number(partition), bits) for partition, bucket in buckets.items())
    return [tuple(pair) for blocks in each for block in blocks for pair in block.tolist()]


@given(clustered(), st.integers(0, 8), st.randoms())
def test_every_near_pair_is_found_once(hashes, bits, random):
    expected = [pair for pair in combinations(range(len(hashes)), 2) if (hashes[pair[0]] ^ hashes[pair[1]]).bit_count() <= bits]
    rows = list(rows_of(hashes))
    random.shuffle(rows)
    assert sorted(found(rows, bits)) == expected


@pytest.mark.parametrize('bits', range(9))
def test_keys_are_the_pairs_of_bands_that_share_out_64_bits(bits):
    keys = [int(mask) for mask in masks(bits)]
    assert len(set(keys)) == len(keys) == (bits + 2) * (bits + 1) // 2
    for bit in range(64):
        assert sum(key >> bit & 1 for key in keys) == bits + 1  # its band with each of the others


def test_two_bits_apart_by_hand():
    hashes = [0, 0b11, 0b111, 1 << 63]
    assert sorted(found(rows_of(hashes, [10, 4, 7, 2**62]), 2)) == [(4, 7), (4, 10), (10, 2**62)]


def test_a_crowd_is_said_and_compared_with_its_neighbours_only(monkeypatch):
    monkeypatch.setattr(near, 'NEIGHBOURS', 3)
    rows = rows_of([5] * 6 + [9 << 40] * 4)
    assert sorted(found(rows, 0)) == [
        (one, other) for one, other in combinations(range(10), 2) if other - one <= 3 and (one < 6) == (other < 6)
    ]
    assert [(bucket.key, bucket.faces) for bucket in crowded(rows, 0, 0)] == [(f'0/{5:016x}', 6)]


def test_as_many_as_are_all_compared_are_no_crowd():
    assert crowded(rows_of([1] * (NEIGHBOURS + 1)), 0, 0) == []
    assert [bucket.faces for bucket in crowded(rows_of([1] * (NEIGHBOURS + 2)), 0, 0)] == [NEIGHBOURS + 2]
