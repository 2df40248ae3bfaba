"""Which faces a quality gate lets through."""

from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien.transforms.gates import Gates, gate
from mien.transforms.reasons import Drop, Reason
from mien.transforms.records import Face

FACE = Face((10.0, 10.0, 40.0, 50.0), 0.9, (0.0,) * 10, -8.0, -0.5, 100.0, 0.5, 0.2)
WHOLE = replace(FACE, detection_score=None, landmarks=None, roll=None, yaw=None)
SHUT = Gates(min_size=41, min_sharpness=101, max_yaw=0.4, max_roll=7, min_score=0.95)  # FACE passes none of them


@pytest.mark.parametrize(
    ('gates', 'drop'),
    [
        (Gates(min_size=41), Drop(Reason.SMALL, 'shorter side of the box 40, at least 41')),
        (Gates(min_sharpness=101), Drop(Reason.BLURRED, 'sharpness 100, at least 101')),
        (Gates(max_yaw=0.4), Drop(Reason.TURNED, 'yaw -0.5, at most 0.4 to either side')),
        (Gates(max_roll=7), Drop(Reason.TILTED, 'roll -8, at most 7 to either side')),
        (Gates(min_score=0.95), Drop(Reason.UNSURE, 'detection score 0.9, at least 0.95')),
        (Gates(min_size=40, min_sharpness=100, max_yaw=0.5, max_roll=8, min_score=0.9), None),  # the threshold itself passes
        (Gates(), None),
    ],
)
def test_each_gate_says_what_it_measured(gates, drop):
    assert gate(FACE, gates) == drop


def test_the_first_gate_in_order_is_the_reason():
    names = ['min_size', 'min_sharpness', 'max_yaw', 'max_roll', 'min_score']
    opened = [replace(SHUT, **dict.fromkeys(names[:number])) for number in range(len(names) + 1)]
    drops = [gate(FACE, gates) for gates in opened]
    assert [drop and drop.reason for drop in drops] == [Reason.SMALL, Reason.BLURRED, Reason.TURNED, Reason.TILTED, Reason.UNSURE, None]


def test_a_whole_image_has_no_pose_and_no_score_to_fail_by():
    assert gate(WHOLE, Gates(max_yaw=0.0, max_roll=0.0, min_score=1.0)) is None
    assert gate(WHOLE, Gates(min_size=40, min_sharpness=100)) is None
    assert gate(WHOLE, Gates(min_size=41)) == Drop(Reason.SMALL, 'shorter side of the box 40, at least 41')


MEASURES = st.floats(0, 200)
FACES = st.builds(
    lambda size, score, roll, yaw, sharpness: replace(
        FACE, box=(0, 0, size, 99), detection_score=score, roll=roll, yaw=yaw, sharpness=sharpness
    ),
    MEASURES,
    st.none() | st.floats(0, 1),
    st.none() | st.floats(-180, 180),
    st.none() | st.floats(-1, 1),
    MEASURES,
)
LIMITS = st.builds(
    Gates,
    min_size=st.none() | MEASURES,
    min_sharpness=st.none() | MEASURES,
    max_yaw=st.none() | st.floats(0, 1),
    max_roll=st.none() | st.floats(0, 180),
    min_score=st.none() | st.floats(0, 1),
)


@given(FACES, LIMITS, st.sampled_from([field.name for field in fields(Gates)]))
def test_a_gate_that_opens_lets_more_through_and_never_less(face, gates, name):
    if gate(face, gates) is None:
        assert gate(face, replace(gates, **{name: None})) is None


@given(FACES, LIMITS)
def test_left_and_right_are_one(face, gates):
    mirrored = replace(face, yaw=None if face.yaw is None else -face.yaw, roll=None if face.roll is None else -face.roll)
    here, there = gate(face, gates), gate(mirrored, gates)
    assert (here and here.reason) == (there and there.reason)
