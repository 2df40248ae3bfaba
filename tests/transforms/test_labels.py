"""What a label says: its class, its distribution, and which face it means."""

import csv
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mien.configs.load import load
from mien.configs.schema import BuildConfig
from mien.transforms.label_file import Label, read_labels, read_unmatched, write_labels
from mien.transforms.parts import marker_path
from mien.transforms.reasons import Drop, Reason
from mien.transforms.records import ExtractedImage, Face, Facts, Status
from mien.transforms.tables import face_id
from mien.transforms.verdict import LabelRules, Verdict, judge
from mien.transforms.which_face import overlap, which_face

VOTES = ('neutral', 'happiness', 'anger', 'unknown', 'not_a_face')
VOTED = LabelRules(('neutral', 'happiness', 'anger'), {}, VOTES)
SAID = LabelRules(('neutral', 'happiness', 'anger'), {'angry': 'anger', 'sad': 'sadness'})


def photo(*boxes: tuple[float, ...]) -> ExtractedImage:
    faces = tuple(Face(box, 0.9, (0.0,) * 10, 0.0, 0.0, 1.0, 0.5, 0.1) for box in boxes)
    return ExtractedImage(0, 'a.jpg', Facts(Status.OK, sha256='00'), faces, np.zeros((len(boxes), 2, 2, 1), np.uint8))


def voted(*counts: str) -> Verdict | Drop:
    return judge(Label('a.jpg', 1, '', votes=counts), VOTED)


def test_shares_are_of_the_votes_for_classes():
    assert voted('1', '6', '1', '2', '0') == Verdict(1, (0.125, 0.75, 0.125))


def test_without_votes_all_of_the_distribution_is_the_label():
    assert judge(Label('a.jpg', 1, 'anger'), SAID) == Verdict(2, (0.0, 0.0, 1.0))
    assert judge(Label('a.jpg', 1, 'angry'), SAID) == Verdict(2, (0.0, 0.0, 1.0))


@pytest.mark.parametrize(
    ('counts', 'reason'),
    [
        (('4', '4', '1', '1', '0'), Reason.TIE),
        (('4', '1', '1', '4', '0'), Reason.TIE),  # with a vote that is no class
        (('3', '0', '0', '7', '0'), Reason.UNKNOWN),
        (('0', '0', '1', '0', '9'), Reason.NOT_A_FACE),
        (('4', 'x', '1', '1', '0'), Reason.BAD_VOTES),
        (('4', '', '1', '1', '0'), Reason.BAD_VOTES),
        (('4', '-1', '1', '1', '0'), Reason.BAD_VOTES),
        (('4', 'nan', '1', '1', '0'), Reason.BAD_VOTES),
        (('4', 'inf', '1', '1', '0'), Reason.BAD_VOTES),
        (('0', '0', '0', '0', '0'), Reason.BAD_VOTES),
        (('', '', '', '', ''), Reason.UNLABELLED),
    ],
)
def test_votes_that_make_no_label(counts, reason):
    verdict = voted(*counts)
    assert isinstance(verdict, Drop)
    assert verdict.reason == reason


@pytest.mark.parametrize(('said', 'reason'), [('', Reason.UNLABELLED), ('joy', Reason.UNKNOWN_LABEL), ('sad', Reason.UNKNOWN_LABEL)])
def test_labels_outside_the_classes(said, reason):
    verdict = judge(Label('a.jpg', 1, said), SAID)
    assert isinstance(verdict, Drop)
    assert verdict.reason == reason


def test_a_winner_that_is_no_class_of_this_dataset():
    verdict = judge(Label('a.jpg', 1, '', votes=('1', '0', '6')), LabelRules(('neutral',), {}, ('neutral', 'happiness', 'contempt')))
    assert verdict == Drop(Reason.UNKNOWN_LABEL, 'contempt has 6 of 7 votes')


@settings(deadline=None)
@given(st.lists(st.integers(0, 10), min_size=5, max_size=5))
def test_a_distribution_adds_up_to_one_and_its_label_leads(counts):
    verdict = voted(*map(str, counts))
    if isinstance(verdict, Verdict):
        assert sum(verdict.distribution) == pytest.approx(1)
        assert verdict.distribution[verdict.label] == max(verdict.distribution)


def test_ferplus_leaves_what_the_field_knows(labels_dir):
    """26,921 of FER2013's Training and 3,393 of its PublicTest have a majority that is a class."""
    config = load(BuildConfig, 'build', 'fer2013_ferplus')
    rules = LabelRules(config.classes, config.label_map, tuple(config.votes))
    kept: Counter[str] = Counter()
    with open(labels_dir / 'fer2013-labels.csv', newline='') as file:
        for row in csv.DictReader(file):
            verdict = judge(Label(row['image'], 1, '', tuple(row[column] for column in config.votes.values())), rules)
            kept[row['usage']] += isinstance(verdict, Verdict)
    assert kept == {'Training': 26921, 'PublicTest': 3393}


def test_overlap_by_hand():
    assert overlap((0, 0, 2, 2), (1, 1, 2, 2)) == pytest.approx(1 / 7)
    assert overlap((0, 0, 2, 2), (2, 0, 2, 2)) == 0
    assert overlap((0, 0, 2, 2), (0, 0, 2, 2)) == 1


def test_a_label_takes_the_face_that_it_names():
    two = photo((0, 0, 10, 10), (50, 50, 10, 10))
    assert which_face(Label('a.jpg', 1, 'x', box=('51', '50', '10', '10.0')), two) == 1
    assert which_face(Label('a.jpg', 1, 'x', face_id=face_id(two.image_id, 1)), two) == 1
    assert which_face(Label('a.jpg', 1, 'x'), photo((0, 0, 10, 10))) == 0


@pytest.mark.parametrize(
    ('label', 'reason'),
    [
        (Label('a.jpg', 1, 'x'), Reason.SEVERAL_FACES),
        (Label('a.jpg', 1, 'x', face_id='0000000000000000-0'), Reason.NO_SUCH_FACE),
        (Label('a.jpg', 1, 'x', box=('55', '50', '10', '10')), Reason.NO_SUCH_FACE),  # overlaps by a third
        (Label('a.jpg', 1, 'x', box=('50', '50', '', '10')), Reason.BAD_BOX),
        (Label('a.jpg', 1, 'x', box=('50', '50', '-10', '10')), Reason.BAD_BOX),
        (Label('a.jpg', 1, 'x', box=('50', '50', 'nan', '10')), Reason.BAD_BOX),
    ],
)
def test_a_label_that_takes_no_face(label, reason):
    drop = which_face(label, photo((0, 0, 10, 10), (50, 50, 10, 10)))
    assert isinstance(drop, Drop)
    assert drop.reason == reason


def test_a_shard_whose_labels_changed_is_not_done_any_more(tmp_path):
    labels = [
        Label('a.jpg', 1, 'anger', ('1', ''), 'train', 'Ada', 'f-0', ('1', '2', '3', '4')),
        Label('b', 2, 'x', unmatched=Reason.IMAGE_MISSING),
    ]
    write_labels(tmp_path, 0, 1, labels)
    assert read_labels(tmp_path, 0, 1) == {'a.jpg': (labels[0],)}
    assert read_unmatched(tmp_path, 0, 1) == [labels[1]]
    marker = marker_path(tmp_path, 0)
    marker.parent.mkdir(parents=True)
    marker.touch()
    write_labels(tmp_path, 0, 1, labels)
    assert marker.exists()
    write_labels(tmp_path, 0, 1, labels[:1])
    assert not marker.exists()
