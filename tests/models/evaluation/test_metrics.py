"""Figures against values worked out by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien.models.evaluation.calibrate import softmax
from mien.models.evaluation.confidence import calibration_error, reliability, risk_coverage
from mien.models.evaluation.metrics import confusion_matrix, log_loss, macro_f1, measure, standard_error

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


def test_a_class_that_the_split_has_none_of_marks_nobody_down_twice():
    # Class 2 was predicted, never labelled. Class 0: 2*2 / (3+2) = 0.8; class 1: 1.
    assert macro_f1(np.array([[2, 0, 1], [0, 1, 0], [0, 0, 0]])) == pytest.approx((0.8 + 1) / 2)


def test_recall_and_coverage():
    metrics = measure(PROBABILITIES, LABELS, ('a', 'b', 'c'), abstain_below=0.6, left_out=5)
    assert metrics.recall == {'a': pytest.approx(2 / 3), 'b': 1.0, 'c': None}
    assert (metrics.accuracy, metrics.covered, metrics.covered_accuracy) == (0.75, 0.5, 1.0)
    assert (metrics.examples, metrics.left_out) == (4, 5)


def test_the_standard_error_is_that_of_a_share():
    # 3 of 4: the square root of 3/4 * 1/4 / 4.
    assert measure(PROBABILITIES, LABELS, ('a', 'b', 'c')).standard_error == pytest.approx(np.sqrt(3) / 8)
    assert standard_error(1.0, 10) == 0.0


def test_a_bin_knows_its_faces():
    bins = reliability(PROBABILITIES, LABELS, bins=4)
    assert [one.count for one in bins] == [0, 2, 2, 0]
    assert (bins[1].low, bins[1].high, bins[1].confidence, bins[1].accuracy) == (0.25, 0.5, 0.5, 0.5)
    assert (bins[2].confidence, bins[2].accuracy) == (0.75, 1.0)
    assert (bins[0].confidence, bins[0].accuracy) == (None, None)


@given(st.integers(0, 2**32 - 1), st.integers(1, 60), st.integers(1, 30))
def test_bins_add_up_to_the_whole(seed, faces, bins):
    random = np.random.default_rng(seed)
    probabilities, labels = random.dirichlet(np.ones(4), faces), random.integers(0, 4, faces)
    full = [one for one in reliability(probabilities, labels, bins) if one.count]
    assert sum(one.count for one in full) == faces
    assert all(one.low < one.confidence <= one.high + 1e-12 for one in full)
    right = np.mean(probabilities.argmax(axis=1) == labels)
    assert sum(one.count * one.accuracy for one in full) / faces == pytest.approx(right)
    # The errors of parts are at least the error of the whole: |sum| <= sum of | |.
    assert calibration_error(probabilities, labels, bins) >= abs(right - probabilities.max(axis=1).mean()) - 1e-9


def test_fewer_faces_labelled_are_the_surer_ones():
    # Scores 0.5, 0.75, 0.5, 0.75, of which the third is wrong: half of the faces, and all four as two scores are equal.
    half, more = risk_coverage(PROBABILITIES, LABELS, (0.5, 0.6))
    assert (half.covered, half.accuracy, half.score) == (0.5, 1.0, 0.75)
    assert (more.covered, more.accuracy, more.score) == (1.0, 0.75, 0.5)


def test_the_calibration_error_before_is_that_of_the_logits():
    logits = np.log(PROBABILITIES) * 2.5  # as a temperature of 2.5 would have divided them
    metrics = measure(PROBABILITIES, LABELS, ('a', 'b', 'c'), temperature=2.5)
    assert metrics.calibration_error_before == pytest.approx(calibration_error(softmax(logits), LABELS))
    assert metrics.calibration_error_before != pytest.approx(metrics.calibration_error, abs=1e-3)


def test_nothing_cannot_be_measured():
    with pytest.raises(ValueError, match='no examples'):
        measure(np.zeros((0, 3)), np.zeros(0, int), ('a', 'b', 'c'))
