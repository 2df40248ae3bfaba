"""Figures of exports against values worked out by hand, and what follows from them."""

import numpy as np
import pytest

from mien.configs.errors import JobFailed
from mien.models.exporting.exports import Labelling, choose, refuse_unfaithful
from mien.models.exporting.parity import Answers, compare, section

# Two hundred faces, two classes. The network says 0 to all; 150 of them are 0.
LABELS = np.repeat([0, 1], [150, 50])
OWN = Answers('test', np.tile(np.array([[2.0, 1.0]], np.float32), (200, 1)), LABELS)
CANDIDATES = [Labelling('float', 1.5, np.zeros((0, 2), np.float32)), Labelling('int8', 1.4, np.zeros((0, 2), np.float32))]


@pytest.fixture
def folder(tmp_path):
    for name in ('model.tflite', 'model-int8.tflite', 'model.onnx'):
        (tmp_path / name).write_bytes(b'x' * 1234)
    (tmp_path / 'saved_model' / 'variables').mkdir(parents=True)
    (tmp_path / 'saved_model' / 'saved_model.pb').write_bytes(b'x' * 100)
    (tmp_path / 'saved_model' / 'variables' / 'variables.index').write_bytes(b'x' * 11)
    return tmp_path


def scores(*others):
    """Scores of an export that says 1 of some faces, and 0 of the others as the network does."""
    said = np.tile(np.array([[0.7, 0.3]], np.float32), (200, 1))
    said[list(others)] = [0.3, 0.7]
    return said


def test_agreement_and_accuracy_are_shares_of_the_faces(folder):
    # Faces 0, 1 and 199 get another label: two right ones are lost, one is won.
    figures = compare('int8', folder, scores(0, 1, 199), OWN)
    assert (figures.file, figures.bytes, figures.split) == ('model-int8.tflite', 1234, 'test')
    assert figures.agreement == pytest.approx(197 / 200)
    assert figures.accuracy == pytest.approx(149 / 200)
    assert figures.accuracy_change == pytest.approx(-1 / 200)


def test_a_folder_s_bytes_are_those_of_all_its_files(folder):
    assert compare('saved_model', folder, scores(), OWN).bytes == 111


@pytest.mark.parametrize(('others', 'faithful'), [((), True), ((0,), True), ((0, 1), False), ((0, 199), False)])
def test_an_export_of_floats_may_change_one_label_of_two_hundred(folder, others, faithful):
    assert compare('onnx', folder, scores(*others), OWN).faithful is faithful


def test_a_training_whose_float_export_says_other_things_fails(folder):
    refuse_unfaithful([compare('float', folder, scores(0), OWN), compare('int8', folder, scores(0, 1, 2), OWN)])
    with pytest.raises(JobFailed, match=r'model\.onnx: gives the label of the network to 99\.00% of the faces in test'):
        refuse_unfaithful([compare('float', folder, scores(), OWN), compare('onnx', folder, scores(0, 1), OWN)])


@pytest.mark.parametrize(('others', 'faithful'), [((0, 1), True), ((0, 1, 2), False), ((0, 1, 2, 199), True), ((198, 199), True)])
def test_int8_may_lose_one_point_of_accuracy(folder, others, faithful):
    assert compare('int8', folder, scores(*others), OWN).faithful is faithful


@pytest.mark.parametrize(('asked', 'others', 'labels'), [('float', (), 'float'), ('int8', (0, 1), 'int8'), ('int8', (0, 1, 2), 'float')])
def test_the_asked_export_labels_unless_it_loses_too_much(folder, capsys, asked, others, labels):
    figures = [compare('float', folder, scores(), OWN), compare('int8', folder, scores(*others), OWN)]
    assert choose(asked, CANDIDATES, figures).name == labels
    warned = 'warning: model-int8.tflite loses 1.50 points of accuracy on test, more than 1, and is left out; model.tflite labels instead\n'
    assert capsys.readouterr().out == (warned if asked != labels else '')


def test_the_card_s_section_says_what_stays_out(folder):
    figures = (compare('float', folder, scores(), OWN), compare('int8', folder, scores(0, 1, 2), OWN))
    text = section(figures)
    assert '| int8 | `model-int8.tflite` | 1,234 | 73.50% | -1.50 | 98.50% |  |' in text
    assert 'Left out, because its accuracy is more than a point lower: `model-int8.tflite`.' in text
    assert 'Left out' not in section(figures[:1])
