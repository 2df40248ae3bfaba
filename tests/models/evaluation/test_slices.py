"""Slices of a split: quarters worked out by hand, and what always adds up."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien.configs.errors import UsageError
from mien.models.data.dataset import Dataset
from mien.models.evaluation.slices import ALIKE, COLUMNS, NO_TABLE, NOT_MEASURED, quarters, read_measures, slice_up
from mien.transforms.tables import FACES

VALUES = st.lists(st.one_of(st.integers(0, 5).map(float), st.just(np.nan), st.floats(0, 1e4, width=32)), min_size=1, max_size=40)


def answers(seed, faces):
    random = np.random.default_rng(seed)
    return random.dirichlet(np.ones(3), faces), random.integers(0, 3, faces)


@pytest.fixture
def with_faces(dataset, tmp_path):
    """A dataset that holds a faces table of some rows."""

    def make(*rows, columns=()):
        (tmp_path / 'faces').mkdir()
        for number, part in enumerate(rows):
            full = [dict.fromkeys(FACES.names) | {'uri': 'x', 'image_id': 'x', 'face_index': 0} | row for row in part]
            table = pa.Table.from_pylist(full, FACES)
            pq.write_table(table.drop_columns(list(columns)), tmp_path / 'faces' / f'part-{number:05d}-of-00002.parquet')
        return Dataset(str(tmp_path), 'faces', dataset.classes, dataset.crop, '0' * 12)

    return make


def test_quarters_end_at_quartiles():
    assert quarters(np.array([7.0, 1, 2, 4, 8, 5, 3, 6])).tolist() == [1, 2, 4, 6, 8]


def test_equal_quartiles_make_fewer_quarters():
    assert quarters(np.array([1.0, 2, 2, 2, 2, 2, 9, 9])).tolist() == [1, 2, 9]


def test_what_cannot_be_cut_says_why():
    assert quarters(np.full(5, 48.0)) == ALIKE
    assert quarters(np.full(5, np.nan)) == NOT_MEASURED
    probabilities, labels = answers(0, 3)
    assert slice_up(probabilities, labels, {}, np.ones(3, bool)).unsliced == dict.fromkeys(COLUMNS, NO_TABLE)


def test_figures_are_those_of_the_slice_s_own_faces():
    probabilities = np.array([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3], [0.4, 0.6]])
    sizes = np.array([30.0, 40.0, 50.0, 20.0, 10.0])  # the last face is of a class that does not take part
    takes_part = np.array([True, True, True, True, False])
    found = slice_up(probabilities, np.array([0, 0, 0, 1]), {'size': sizes}, takes_part).of('size')
    assert [(one.low, one.high, one.examples) for one in found] == [(10, 20, 1), (20, 30, 1), (30, 40, 1), (40, 50, 1)]
    assert [one.accuracy for one in found] == [1, 1, 0, 1]
    assert [one.confidence for one in found] == pytest.approx([0.6, 0.9, 0.8, 0.7])
    assert [one.calibration_error for one in found] == pytest.approx([0.4, 0.1, 0.8, 0.3])


@given(VALUES, st.integers(0, 2**32 - 1))
def test_every_measured_face_is_in_one_slice(values, seed):
    values = np.array(values)
    probabilities, labels = answers(seed, len(values))
    right = probabilities.argmax(axis=1) == labels
    slices = slice_up(probabilities, labels, {'roll': values}, np.ones(len(values), bool))
    found = slices.of('roll')
    if 'roll' in slices.unsliced:
        assert not found
    else:
        assert sum(one.examples for one in found) == np.sum(~np.isnan(values))
        assert sum(one.examples * one.accuracy for one in found) == pytest.approx(np.sum(right[~np.isnan(values)]))
        assert [one.high for one in found[:-1]] == [one.low for one in found[1:]]


@given(st.lists(st.floats(0, 100), min_size=4, max_size=40, unique=True))
def test_quarters_of_different_values_hold_a_quarter_each(values):
    values = np.array(values)
    probabilities, labels = answers(0, len(values))
    found = slice_up(probabilities, labels, {'yaw': values}, np.ones(len(values), bool)).of('yaw')
    assert len(found) == 4
    assert all(abs(one.examples - len(values) / 4) < 1 for one in found)


def test_the_bounds_do_not_depend_on_what_a_model_knows():
    probabilities, labels = answers(1, 16)
    values, everyone, some = np.arange(16.0), np.ones(16, bool), np.arange(16) % 2 == 0
    every, few = (slice_up(probabilities[part], labels[part], {'contrast': values}, part).of('contrast') for part in (everyone, some))
    assert [(one.low, one.high) for one in every] == [(one.low, one.high) for one in few]
    assert [one.examples for one in few] == [2, 2, 2, 2]


def test_measures_are_found_by_face_and_not_by_place(with_faces):
    faces = with_faces(
        [{'face_id': 'b-0', 'sharpness': 2.0, 'roll': -20.0}, {'face_id': 'other-0', 'sharpness': 9.0}],
        [{'face_id': 'a-1', 'sharpness': 1.0, 'box_width': 80.0, 'yaw': -0.5}],
    )
    found = read_measures(faces, ['a-1', 'gone-0', 'b-0', ''])
    assert list(found) == list(COLUMNS)
    np.testing.assert_array_equal(found['sharpness'], [1, np.nan, 2, np.nan])
    np.testing.assert_array_equal(found['size'], [80, np.nan, np.nan, np.nan])
    np.testing.assert_array_equal(found['yaw'], [0.5, np.nan, np.nan, np.nan])  # to either side
    np.testing.assert_array_equal(found['roll'], [np.nan, np.nan, 20, np.nan])


def test_a_dataset_without_faces_has_no_measures(dataset):
    assert read_measures(dataset, ['a-0']) == {}


@pytest.mark.parametrize('content', [b'', b'PAR1 no more'])
def test_a_broken_faces_table_is_one_line(with_faces, tmp_path, content):
    faces = with_faces([{'face_id': 'a-0'}])
    (tmp_path / 'faces' / 'part-00001-of-00002.parquet').write_bytes(content)
    with pytest.raises(UsageError, match='faces/ cannot be read') as raised:
        read_measures(faces, ['a-0'])
    assert len(str(raised.value).splitlines()) == 1


def test_a_faces_table_of_another_layout_is_one_line(with_faces):
    with pytest.raises(UsageError, match='faces/ cannot be read'):
        read_measures(with_faces([{'face_id': 'a-0'}], columns=('sharpness',)), ['a-0'])
