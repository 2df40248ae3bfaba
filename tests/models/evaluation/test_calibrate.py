"""Calibration against answers that are known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien.models.evaluation.calibrate import softmax, temperature, threshold, uncalibrated


def test_the_temperature_of_a_known_answer():
    # Logits (a, 0), right in 3 of 4, a sixth by chance: the loss is least where sigmoid(a / T) = p = 5/6 * 3/4 + 1/6 * 1/2.
    logits, labels, p = np.tile([2.0, 0.0], (4, 1)), np.array([0, 0, 0, 1]), 5 / 6 * 3 / 4 + 1 / 6 * 1 / 2
    assert temperature(logits, labels) == pytest.approx(2 / np.log(p / (1 - p)), rel=1e-6)
    many = temperature(np.tile(logits, (1000, 1)), np.tile(labels, 1000))
    assert many == pytest.approx(2 / np.log(3), rel=1e-3)


def test_a_network_that_is_right_on_few_faces_is_not_sure_of_all():
    logits = np.random.default_rng(0).normal(0, 1, (100, 3))
    degrees = temperature(logits, logits.argmax(axis=1))
    assert 0.05 < degrees < 1
    assert softmax(logits / degrees).max(axis=1).min() < 0.99


@given(st.floats(0.2, 5.0))
def test_scaled_logits_have_a_scaled_temperature(factor):
    logits = np.array([[2.0, 0.0, 1.0], [0.0, 1.0, 0.0], [1.0, 3.0, 0.0], [0.5, 0.0, 2.0]])
    labels = np.array([0, 1, 0, 2])
    assert temperature(logits * factor, labels) == pytest.approx(temperature(logits, labels) * factor, rel=1e-5)


def test_the_threshold_keeps_the_asked_share():
    best = np.array([0.9, 0.8, 0.7, 0.6], np.float32)
    probabilities = np.stack([best, 1 - best], axis=1)
    assert threshold(probabilities, 0.5) == pytest.approx(0.8)
    assert threshold(probabilities, 0.51) == pytest.approx(0.7)
    assert threshold(probabilities, 1.0) == 0.0
    hundred = np.linspace(0.5, 1.0, 100)[:, None]
    assert [int((hundred[:, 0] >= threshold(hundred, share)).sum()) for share in (0.55, 0.07, 0.95)] == [55, 7, 95]
    assert (probabilities.max(axis=1) >= threshold(probabilities, 0.75)).sum() == 3


def test_softmax_of_large_logits_is_finite():
    assert softmax(np.array([1000.0, 1000.0])).tolist() == [0.5, 0.5]


@given(st.lists(st.floats(-15, 15), min_size=2, max_size=8), st.floats(0.2, 5.0))
def test_a_temperature_can_be_taken_back(logits, degrees):
    logits = np.array([logits])
    np.testing.assert_allclose(uncalibrated(softmax(logits / degrees), degrees), softmax(logits), rtol=1e-9)
