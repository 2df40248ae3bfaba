"""Which faces become examples, and that nothing is lost on the way."""

import hashlib
import struct
from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from mien.transforms.decide import Policy, decide, unmatched
from mien.transforms.example_tables import record_size, reject_row, tally
from mien.transforms.gates import Gates
from mien.transforms.judged import JudgedImage
from mien.transforms.label_file import Label
from mien.transforms.parts import Marker, Tally
from mien.transforms.reasons import Reason
from mien.transforms.record_files import file_count, record_files
from mien.transforms.records import ExtractedImage, Face, Facts, Status
from mien.transforms.splits import SplitRules
from mien.transforms.tables import face_id, png
from mien.transforms.tfrecords import serialized, write_records
from mien.transforms.verdict import LabelRules

CLASSES = ('neutral', 'happiness')
POLICY = Policy('set', LabelRules(CLASSES, {}), SplitRules(False, {}, 0.1, 0.1), Gates())


def photo(faces: int, status: Status = Status.OK) -> ExtractedImage:
    boxes = [(100.0 * index, 0.0, 50.0, 50.0) for index in range(faces)]
    found = tuple(Face(box, 0.9, (0.0,) * 10, 0.0, 0.0, 1.0, 0.5, 0.1) for box in boxes)
    return ExtractedImage(0, 'a.jpg', Facts(status, sha256='00'), found, np.zeros((faces, 2, 2, 1), np.uint8))


def at(face: int, label: str, row: int = 1, **more: str) -> Label:
    return Label('a.jpg', row, label, box=(str(100 * face), '0', '50', '50'), **more)


def summary(judged: JudgedImage) -> tuple[list[int], list[tuple[str | None, Reason]]]:
    return [example.face for example in judged.examples], [(reject.face_id, reject.why.reason) for reject in judged.rejects]


ID = [face_id(photo(1).image_id, index) for index in range(3)]


@pytest.mark.parametrize(
    ('image', 'labels', 'examples', 'rejects'),
    [
        (photo(1), [Label('a.jpg', 1, 'neutral')], [0], []),
        (photo(2), [Label('a.jpg', 1, 'neutral')], [], [(None, Reason.SEVERAL_FACES)]),
        (photo(1), [], [], [(ID[0], Reason.UNLABELLED)]),
        (photo(2), [], [], [(None, Reason.UNLABELLED)]),
        (photo(1), [Label('a.jpg', 1, '')], [], [(ID[0], Reason.UNLABELLED)]),
        (photo(0, Status.NO_FACE), [Label('a.jpg', 1, 'neutral')], [], [(None, Reason.NO_FACE)]),
        (photo(0, Status.TRUNCATED), [], [], [(None, Reason.TRUNCATED)]),
        (photo(3), [at(2, 'neutral'), at(0, 'happiness')], [0, 2], [(ID[1], Reason.OTHER_FACE)]),
        (photo(2), [at(0, 'joy'), at(1, 'neutral')], [1], [(ID[0], Reason.UNKNOWN_LABEL)]),
        (photo(1), [at(0, 'neutral'), at(0, 'neutral', 2)], [0], [(ID[0], Reason.DUPLICATE_LABEL)]),
        (photo(1), [at(0, 'neutral'), at(0, 'happiness', 2)], [], [(ID[0], Reason.CONFLICTING_LABELS)] * 2),
        (photo(1), [at(0, 'neutral'), at(0, 'anger', 2)], [], [(ID[0], Reason.CONFLICTING_LABELS), (ID[0], Reason.OTHER_CLASS)]),
        (photo(2), [at(0, 'neutral'), at(1, 'anger', 2)], [0], [(ID[1], Reason.OTHER_CLASS)]),
        (photo(1), [at(0, 'neutral', subject='Ada'), at(0, 'neutral', 2)], [], [(ID[0], Reason.CONFLICTING_LABELS)] * 2),
        (photo(1), [Label('a.jpg', 1, 'neutral', file=name) for name in ('x.csv', 'y.csv')], [], [(None, Reason.CLAIMED_TWICE)] * 2),
    ],
)
def test_what_becomes_of_a_photo(image, labels, examples, rejects):
    assert summary(decide(image, labels, POLICY)) == (examples, rejects)


def test_the_rows_that_contradict_each_other_are_named():
    judged = decide(photo(1), [at(0, 'neutral', 3), at(0, 'anger', 2)], POLICY)
    assert judged.rejects[0].why.detail == 'rows 2, 3 of '


any_label = st.builds(at, st.integers(0, 4), st.sampled_from(['neutral', 'happiness', 'joy', ''])) | st.builds(
    Label, st.just('a.jpg'), st.just(1), st.just('neutral')
)


@given(st.integers(1, 4), st.lists(any_label, max_size=5))
def test_each_label_is_one_example_or_one_reject_and_each_photo_has_a_row(faces, labels):
    judged = decide(photo(faces), labels, POLICY)
    silent = (Reason.UNLABELLED, Reason.OTHER_FACE)
    extra = sum(reject.why.reason in silent and not reject.label for reject in judged.rejects) - sum(not label.label for label in labels)
    assert len(judged.examples) + len(judged.rejects) - extra == len(labels)
    assert judged.examples or judged.rejects
    assert len({example.face for example in judged.examples}) == len(judged.examples)


def test_a_face_that_passes_no_gate_is_no_example():
    judged = decide(photo(1), [Label('a.jpg', 1, 'neutral')], replace(POLICY, gates=Gates(min_size=51)))
    assert summary(judged) == ([], [(ID[0], Reason.SMALL)])
    assert decide(photo(1), [Label('a.jpg', 1, 'neutral')], replace(POLICY, gates=Gates(min_size=50))).examples


def test_a_tally_by_hand():
    judged = decide(photo(1), [Label('a.jpg', 1, 'joy')], POLICY)
    rejects = [reject_row(reject, judged.source) for reject in judged.rejects]
    assert rejects == [
        {'uri': 'a.jpg', 'face_id': ID[0], 'source': 'set', 'label': 'joy'}
        | {'reason': 'unknown_label', 'detail': "'joy' is no class of this dataset"}
    ]
    examples = [example(split='train'), example(split='train', label_name='neutral'), example(split='test', source='other')]
    assert tally({'examples': examples, 'rejects': rejects}) == Tally(
        {
            'train': {'happiness': 1, 'neutral': 1},
            'validation': {},
            'test': {'happiness': 1},
            'rejects': {'unknown_label': 1},
            'examples_of': {'set': 2, 'other': 1},
            'rejects_of': {'set': 1},
        },
        {'train': record_size(examples[0]) + record_size(examples[1]), 'test': record_size(examples[2])},
    )


def example(**more: object) -> dict:
    image = png(np.arange(16, dtype=np.uint8).reshape(4, 4, 1))
    row = {'uri': 'a.jpg', 'face_id': 'f-0', 'image': image, 'label': 1, 'label_name': 'happiness', 'label_distribution': [0.25, 0.75]}
    return row | {'subject': None, 'source': 'set', 'weight': 0.5} | more


def test_a_record_holds_what_its_row_says():
    feature = tf.train.Example.FromString(serialized(example(subject='Zoë'))).features.feature
    assert set(feature) == {'uri', 'face_id', 'image', 'label', 'label_name', 'label_distribution', 'subject', 'source', 'weight'}
    assert feature['weight'].float_list.value == [0.5]
    assert feature['subject'].bytes_list.value[0].decode() == 'Zoë'
    assert feature['label'].int64_list.value == [1]
    assert feature['label_distribution'].float_list.value == [0.25, 0.75]
    assert tf.train.Example.FromString(serialized(example())).features.feature['subject'].bytes_list.value == [b'']


@given(st.text(max_size=2000), st.text(max_size=200), st.binary(max_size=20_000), st.integers(1, 9))
def test_a_record_is_never_larger_than_its_size_says(uri, subject, image, classes):
    row = example(uri=uri, subject=subject, image=image, label_distribution=[0.5] * classes, label=classes)
    assert len(serialized(row)) + 16 <= record_size(row)


def test_records_are_checked_by_tensorflow(tmp_path):
    path = tmp_path / 'records'
    digest = write_records(path, [b'one', b'two'])
    assert digest == hashlib.sha256(path.read_bytes()).hexdigest()
    assert path.read_bytes()[:8] == struct.pack('<Q', 3)
    assert list(tf.data.TFRecordDataset(str(path)).as_numpy_iterator()) == [b'one', b'two']
    path.write_bytes(path.read_bytes().replace(b'two', b'too'))
    with pytest.raises(tf.errors.DataLossError):
        list(tf.data.TFRecordDataset(str(path)).as_numpy_iterator())


def test_a_failed_write_leaves_nothing(tmp_path):
    def records():
        yield b'one'
        raise OSError('disk full')

    with pytest.raises(OSError, match='disk full'):
        write_records(tmp_path / 'records', records())
    assert list(tmp_path.iterdir()) == []


def test_file_counts_by_hand():
    assert file_count([10, 10, 10, 10], 40) == 1
    assert file_count([10, 10, 10, 10], 39) == 2
    assert file_count([30, 1, 1, 1], 20) == 4  # one shard alone is over
    assert file_count([5], 1) == 1


@given(st.integers(0, 5).flatmap(lambda power: st.lists(st.integers(0, 50), min_size=2**power, max_size=2**power)), st.integers(1, 200))
def test_files_are_runs_that_cover_all_shards(counts, limit):
    split = {'train': {'neutral': 0}, 'validation': {}, 'test': {}}
    markers = {
        shard: Marker(shard, '', {}, {}, tallies=split | {'train': {'neutral': count}}, record_bytes={'train': count})
        for shard, count in enumerate(counts)
    }
    files = record_files('set', markers, limit)
    assert sum(file.examples for file in files) == sum(counts)
    if files:
        assert [file.first for file in files] + [len(counts)] == [0] + [file.last for file in files]
        assert len(files) & (len(files) - 1) == 0
        assert all(file.examples <= limit or file.last - file.first == 1 for file in files)


def test_the_face_that_a_label_without_photo_says_is_no_face_of_the_tables():
    reject = unmatched(Label('gone.jpg', 2, 'neutral', unmatched=Reason.IMAGE_MISSING, source='set', file='x.csv', face_id='f7'))
    assert (reject.face_id, reject.why.detail) == (None, 'row 2 of x.csv, face f7')
