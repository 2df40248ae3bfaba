"""Groups against brute force, and what becomes of their faces."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien.configs.schema import SPLITS
from mien.transforms.duplicates.groups import groups_of, rule, statistics, too_large
from mien.transforms.duplicates.links import Link, components, different, identical
from mien.transforms.duplicates.records import CrowdedBucket, Group, HashedFace, LargeGroup, Ruling
from mien.transforms.duplicates.rows import PLACES, dhash_of, pack, spot, unpack
from mien.transforms.reasons import Reason

FACES = st.builds(
    HashedFace,
    face_id=st.from_regex(r'[0-9a-f]{4}-[0-9]', fullmatch=True),
    shard=st.integers(0, 3),
    place=st.integers(0, 2**32 - 1),
    pixels=st.sampled_from(['0' * 32, '0' * 31 + '1', 'f' * 32]),
    dhash=st.integers(0, 2**64 - 1),
    split=st.sampled_from(SPLITS),
    label=st.sampled_from(['anger', 'fear']),
    subject=st.just(''),
)
SEVERAL = st.lists(FACES, min_size=2, max_size=8, unique_by=(lambda face: face.face_id, spot))
LINKS = st.lists(st.builds(Link, st.integers(0, 12), st.integers(0, 12)), max_size=20)


def face(name, split='train', label='anger', pixels='0'):
    return HashedFace(name, 0, int(name, 36), pixels.rjust(32, '0'), 0, split, label, '')


def reached(links):
    """By each spot the lowest that a walk over the links comes to."""
    spots = {spot for link in links for spot in (link.first, link.second)}
    lowest = {spot: spot for spot in spots}
    for _ in spots:
        for link in links:
            lowest[link.first] = lowest[link.second] = min(lowest[link.first], lowest[link.second])
    return lowest


@given(LINKS, st.randoms())
def test_what_hangs_together(links, random):
    expected = reached(links)
    random.shuffle(links)
    assert components(links) == expected


@given(SEVERAL)
def test_a_row_says_where_its_face_is(faces):
    rows = unpack(map(pack, faces))
    faces = sorted(faces, key=lambda face: (face.shard, face.place))
    assert [divmod(int(row['spot']), PLACES) for row in rows] == [(face.shard, face.place) for face in faces]
    assert [f'{row["high"]:016x}{row["low"]:016x}' for row in rows] == [face.pixels for face in faces]
    assert [dhash_of(pack(face)) for face in faces] == rows['dhash'].tolist() == [face.dhash for face in faces]


@given(SEVERAL)
def test_identical_pixels_are_linked_to_their_first(faces):
    rows, first = unpack(map(pack, faces)), {}
    for one in sorted(faces, key=spot):
        first.setdefault(one.pixels, one)
    expected = {Link(spot(first[one.pixels]), spot(one)) for one in faces if first[one.pixels] is not one}
    assert set(identical(rows)) == expected
    assert different(rows)['spot'].tolist() == sorted(map(spot, first.values()))


@given(SEVERAL, st.integers(2, 4), st.randoms())
def test_groups_do_not_depend_on_the_order_of_their_faces(faces, largest, random):
    made = groups_of(faces, largest), too_large(faces, largest)
    random.shuffle(faces)
    again = groups_of(faces, largest), too_large(faces, largest)
    assert [sorted(some, key=lambda group: group.group_id) for some in made] == [
        sorted(some, key=lambda group: group.group_id) for some in again
    ]


def test_a_group_that_is_too_large_falls_apart_into_identical_pixels():
    faces = [face('a', pixels='1'), face('c', pixels='2'), face('b', pixels='2'), face('d', pixels='3')]
    assert groups_of(faces, 3) == [Group(tuple(sorted(faces, key=lambda face: face.face_id)))]
    assert too_large(faces, 3) == []
    assert groups_of(faces, 2) == [Group((faces[2], faces[1]), too_large=3)]
    assert too_large(faces, 2) == [LargeGroup('a', 3)]


def test_many_copies_of_identical_pixels_are_not_too_large():
    assert len(groups_of([face(name) for name in 'abcdefgh'], 2)[0].faces) == 8


@given(SEVERAL, st.booleans())
def test_a_group_stays_in_one_split_and_evaluation_is_not_thinned_within(faces, keep_all):
    (group,) = groups_of(faces, 3)
    rulings = rule(group, keep_all)
    assert [ruling.face for ruling in rulings] == list(group.faces)
    staying = [ruling.face for ruling in rulings if not ruling.reason]
    (home,) = {face.split for face in staying}
    of_home = [face for face in faces if face.split == home]
    assert home == max((face.split for face in faces), key=SPLITS.index)
    assert len(staying) == (1 if {face.split for face in faces} == {'train'} and not keep_all else len(of_home))


def test_of_duplicates_in_train_the_first_stays():
    group = Group((face('a'), face('b'), face('c', label='fear')))
    second = Ruling(group.faces[1], 'a', Reason.DUPLICATE, 'a stays')
    assert rule(group, keep_all=False) == [
        Ruling(group.faces[0], 'a'),
        second,
        Ruling(group.faces[2], 'a', Reason.DUPLICATE, 'a stays, labelled anger'),
    ]
    assert rule(group, keep_all=True) == [Ruling(face, 'a') for face in group.faces]


@pytest.mark.parametrize('keep_all', [False, True])
def test_a_group_across_splits_stays_in_test_else_in_validation(keep_all):
    group = Group((face('a'), face('b', 'validation'), face('c', 'test', 'fear'), face('d', 'test')))
    reasons = [(ruling.reason, ruling.detail) for ruling in rule(group, keep_all)]
    leaves = (Reason.GROUP_CROSSES, 'c stays in test, labelled fear')
    assert reasons == [leaves, leaves, ('', ''), ('', '')]
    group = Group(group.faces[:2])
    assert [ruling.detail for ruling in rule(group, keep_all)] == ['b stays in validation', '']


def test_statistics_by_hand():
    crossing = Group((face('a', pixels='1'), face('b', 'test', pixels='1'), face('c', label='fear', pixels='2')))
    similar = Group((face('d', pixels='3'), face('e', pixels='4')))
    apart = Group((face('f', pixels='5'), face('g', pixels='5', label='fear'), face('h', pixels='5')), too_large=101)
    assert statistics([crossing, similar, apart], [LargeGroup('f', 101)], [CrowdedBucket('0/0', 2000)]) == {
        'identical': {'groups': 2, 'too_many': 3, 'crossing': 1, 'conflicting': 1},
        'similar': {'groups': 3, 'too_many': 5, 'crossing': 1, 'conflicting': 2},
        'too_large': {'groups': 1, 'faces': 101},
        'crowded': {'buckets': 1, 'faces': 2000},
    }


def test_a_chain_of_a_hundred_thousand_links_is_one_component():
    order = np.random.default_rng(1).permutation(100_000).tolist()
    assert set(components(Link(spot, spot + 1) for spot in order).values()) == {0}


def test_a_group_is_named_by_its_first_face():
    assert Group((face('b'), replace(face('a'), split='test'))).group_id == 'b'
