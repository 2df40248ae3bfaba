"""Figures against values worked out by hand."""

import numpy as np
import pytest

from mien.models.metrics import calibration_error, confusion_matrix, log_loss, macro_f1, measure

# Four faces, three classes: predictions 0, 1, 1, 0 for labels 0, 1, 0, 0.
PROBABILITIES = np.array([[0.5, 0.25, 0.25], [0.125, 0.75, 0.125], [0.25, 0.5, 0.25], [0.75, 0.125, 0.125]], np.float32)
LABELS = np.array([0, 1, 0, 0])


def test_the_confusion_matrix_has_labels_in_rows():
    assert confusion_matrix(LABELS, np.array([0, 1, 1, 0]), 3).tolist() == [[2, 1, 0], [0, 1, 0], [0, 0, 0]]


def test_macro_f1_leaves_out_a_class_that_was_neither_labelled_nor_predicted():
    # Class 0: 2*2 / (2+3) = 0.8; class 1: 2*1 / (2+1) = 2/3; class 2 is not there.
    assert macro_f1(np.array([[2, 1, 0], [0, 1, 0], [0, 0, 0]])) == pytest.approx((0.8 + 2 / 3) / 2)


def test_the_log_loss_is_the_mean_of_the_labels_surprise():
    assert log_loss(PROBABILITIES, LABELS) == pytest.approx(-np.log([0.5, 0.75, 0.25, 0.75]).mean())


def test_the_calibration_error_weighs_each_bin_by_its_faces():
    # 0.5 lies in the bin (7/15, 8/15]: one of two right; 0.75 in (11/15, 12/15]: two of two.
    assert calibration_error(PROBABILITIES, LABELS) == pytest.approx(0.5 * abs(0.5 - 0.5) + 0.5 * abs(1 - 0.75))


def test_a_bin_holds_its_upper_end():
    # With two bins 0.5 belongs to the lower one, with 0.4: mean confidence 0.45, none right; 0.9 alone: right.
    probabilities = np.array([[0.5, 0.3, 0.2], [0.4, 0.3, 0.3], [0.9, 0.05, 0.05]])
    assert calibration_error(probabilities, np.array([1, 1, 0]), bins=2) == pytest.approx(2 / 3 * 0.45 + 1 / 3 * 0.1)


def test_recall_and_coverage():
    metrics = measure(PROBABILITIES, LABELS, ('a', 'b', 'c'), abstain_below=0.6)
    assert metrics.recall == {'a': pytest.approx(2 / 3), 'b': 1.0, 'c': None}
    assert (metrics.accuracy, metrics.covered, metrics.covered_accuracy) == (0.75, 0.5, 1.0)


def test_nothing_cannot_be_measured():
    with pytest.raises(ValueError, match='no examples'):
        measure(np.zeros((0, 3)), np.zeros(0, int), ('a', 'b', 'c'))
