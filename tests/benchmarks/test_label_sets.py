"""How often two label sets name the same class, counted by hand."""

import pandas
import pytest

from benchmarks.label_sets import agreement


def test_a_tie_counts_as_a_guess_among_it() -> None:
    faces = pandas.DataFrame(
        {
            'fer2013_label': ['anger', 'anger', 'fear', 'fear'],
            'ferplus_anger': [6, 1, 5, 0],
            'ferplus_fear': [4, 2, 5, 0],  # right, wrong, a tie, and no vote for either
        }
    )
    assert agreement(faces, ['anger', 'fear']) == pytest.approx((1 + 0 + 0.5 + 0.5) / 4)
