"""Splits: stable hashes of the subject, else of the content; given ones are kept."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien.transforms.reasons import Drop, Reason
from mien.transforms.splits import SplitRules, fraction, hashed_split, split_of

HASHED = SplitRules(False, {}, 0.1, 0.1)
GIVEN = SplitRules(True, {'Training': 'train', 'PublicTest': 'test'}, 0.1, 0.1)


def test_fractions_by_sha256sum():
    """printf 'mien split 1\\0subject\\0Ada' | sha256sum"""
    assert fraction('subject', 'Ada') == 0x31EA70EF42F6F5D7 / 2**64
    assert fraction('subject', 'Eve') == 0xF679433AB94FE1EC / 2**64
    assert fraction('content', 'ff') == 0x8CD6301338230D85 / 2**64


def test_shares_by_hand():
    places = [0.0, 0.0999, 0.1, 0.1999, 0.2, 0.9999]
    assert [hashed_split(place, 0.1, 0.1) for place in places] == ['test', 'test', 'validation', 'validation', 'train', 'train']


def test_the_subject_decides_else_the_content():
    assert split_of('', 'Ada', 'aa', HASHED) == split_of('', 'Ada', 'bb', HASHED) == 'validation'  # 0x31ea of 0x10000: 0.195
    assert split_of('', '', 'ff', HASHED) == hashed_split(fraction('content', 'ff'), 0.1, 0.1)


def test_80_10_10():
    found = Counter(split_of('', f'subject {number}', '', HASHED) for number in range(10_000))
    assert {split: pytest.approx(share, abs=100) for split, share in (('train', 8000), ('validation', 1000), ('test', 1000))} == found


def test_given_splits_are_kept_and_validation_is_a_tenth_of_train():
    found = Counter(split_of('Training', '', f'{number:x}', GIVEN) for number in range(10_000))
    assert found.keys() == {'train', 'validation'}
    assert found['validation'] == pytest.approx(1000, abs=100)
    assert {split_of('PublicTest', '', f'{number:x}', GIVEN) for number in range(100)} == {'test'}
    assert split_of('validation', '', 'aa', GIVEN) == 'validation'


@pytest.mark.parametrize('said', ['PrivateTest', ''])
def test_a_split_outside_the_map_is_none(said):
    drop = split_of(said, '', 'aa', GIVEN)
    assert isinstance(drop, Drop)
    assert drop.reason == Reason.UNKNOWN_SPLIT


@given(st.text(min_size=1), st.text(), st.text())
def test_no_subject_stands_in_two_splits(subject, one, other):
    assert split_of('', subject, one, HASHED) == split_of('', subject, other, HASHED)
