"""A label on its way to a face: a shard's file of labels, and which face one means."""

import numpy as np
import pytest

from mien.transforms.label_file import Label, labels_digest, read_labels, read_unmatched, write_labels
from mien.transforms.reasons import Drop, Reason
from mien.transforms.records import ExtractedImage, Face, Facts, Status
from mien.transforms.tables import face_id
from mien.transforms.which_face import overlap, which_face


def photo(*boxes: tuple[float, ...]) -> ExtractedImage:
    faces = tuple(Face(box, 0.9, (0.0,) * 10, 0.0, 0.0, 1.0, 0.5, 0.1) for box in boxes)
    return ExtractedImage(0, 'a.jpg', Facts(Status.OK, sha256='00'), faces, np.zeros((len(boxes), 2, 2, 1), np.uint8))


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


def test_a_shards_labels_come_back_by_uri_collection_file_and_row(tmp_path):
    labels = [
        Label('b.jpg', 1, 'fear', source='two', file='x.csv'),
        Label('a.jpg', 10, 'anger', ('1', ''), 'train', 'Ada', 'f-0', ('1', '2', '3', '4'), source='one', file='x.csv'),
        Label('a.jpg', 9, 'joy', source='one', file='x.csv'),
        Label('a.jpg', 11, 'sad', source='one', file='a.csv'),
        Label('b', 2, 'x', unmatched=Reason.IMAGE_MISSING, source='two', file='x.csv'),
    ]
    digest = write_labels(tmp_path, 0, 1, labels)
    assert read_labels(tmp_path, 0, 1) == {'a.jpg': (labels[3], labels[2], labels[1]), 'b.jpg': (labels[0],)}
    assert read_unmatched(tmp_path, 0, 1) == [labels[4]]
    assert digest == labels_digest(tmp_path, 0, 1) == write_labels(tmp_path, 0, 1, labels[::-1])
    assert write_labels(tmp_path, 0, 1, labels[1:]) != digest
