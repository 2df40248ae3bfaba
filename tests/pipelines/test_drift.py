"""Population stability index and chi-square tests: values worked out by hand, laws, and scipy."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from mien.pipelines.drift import chi_square, drift, p_of_one_degree, population_stability_index

COUNTS = st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 10_000)), min_size=1, max_size=9)


def test_the_index_by_hand():
    # 50, 30, 20 % become 40, 40, 20 %: -0.1 ln 0.8 + 0.1 ln 4/3 + 0
    assert population_stability_index([50, 30, 20], [4, 4, 2]) == pytest.approx(0.1 * math.log(1.25 * 4 / 3))
    assert population_stability_index([50, 30, 20], [4, 4, 2]) == pytest.approx(0.051083, abs=1e-6)


def test_an_empty_class_counts_as_half_an_item():
    # 0.5 of 10.5 against 10 of 20, and 10 of 10.5 against 10 of 20
    expected = (10 / 20 - 0.5 / 10.5) * math.log(0.5 / (0.5 / 10.5)) + (10 / 20 - 10 / 10.5) * math.log(0.5 / (10 / 10.5))
    assert population_stability_index([0, 10], [10, 10]) == pytest.approx(expected)
    assert population_stability_index([0, 10, 0], [10, 10, 0]) == pytest.approx(expected)  # the third is in neither


def test_an_empty_set_is_past_any_threshold_and_two_are_no_drift():
    assert population_stability_index([3, 4], [0, 0]) is None
    assert drift({'anger': 3}, {}).exceeds(1e9)
    assert not drift({}, {}).exceeds(0)
    assert (drift({}, {}).psi, drift({}, {}).classes) == (0.0, {})


@given(COUNTS)
def test_the_index_is_symmetric_and_never_negative(counts):
    old, new = [one for one, _ in counts], [other for _, other in counts]
    found = population_stability_index(old, new)
    assert found is None or found >= 0
    assert found == pytest.approx(population_stability_index(new, old), abs=1e-12)
    assert population_stability_index(old, old) == 0


def test_chi_square_by_hand():
    # 10 of 30 become 20 of 30: 15 are expected in each of the four cells, each is 5 away, 4 * 25 / 15
    assert chi_square((10, 20), (20, 10)) == pytest.approx(20 / 3)
    assert p_of_one_degree(20 / 3) == pytest.approx(0.009823, abs=1e-6)
    assert p_of_one_degree(3.841459) == pytest.approx(0.05, abs=1e-7)  # the usual table
    assert p_of_one_degree(0) == 1


@pytest.mark.parametrize('counts', [((3, 4), (0, 0)), ((0, 0), (0, 0)), ((3, 0), (4, 0)), ((), ())])
def test_there_is_nothing_to_test_in_an_empty_set_or_one_class(counts):
    assert chi_square(*counts) is None


@given(COUNTS)
def test_statistics_are_those_of_scipy(counts):
    found = drift(
        {str(index): one for index, (one, _) in enumerate(counts)}, {str(index): other for index, (_, other) in enumerate(counts)}
    )
    table = np.array([pair for pair in counts if any(pair)]).reshape(-1, 2).T
    if found.chi_square is None:
        assert table.shape[1] < 2 or not table.sum(1).all()
        return
    expected = stats.chi2_contingency(table, correction=False)
    assert (found.chi_square, found.degrees) == (pytest.approx(expected.statistic), expected.dof)
    for one in found.classes.values():
        if one.p is not None:
            others = table.sum(1) - (one.old, one.new)
            expected = stats.chi2_contingency([[one.old, one.new], others], correction=False)
            assert (one.chi_square, one.p) == (pytest.approx(expected.statistic), pytest.approx(expected.pvalue))
            assert one.rough == (expected.expected_freq.min() < 5)


def test_classes_come_in_order_with_counts_and_shares():
    found = drift({'fear': 1, 'other': 3}, {'fear': 4, 'anger': 4}, ('anger', 'fear', 'disgust'))
    assert list(found.classes) == ['anger', 'fear', 'other']
    anger = found.classes['anger']
    assert (anger.old, anger.new, anger.old_share, anger.new_share) == (0, 4, 0, 0.5)
    assert anger.chi_square == pytest.approx(3)  # 12 * (0 * 4 - 4 * 4)^2 / (4 * 8 * 4 * 8)
    assert anger.rough
