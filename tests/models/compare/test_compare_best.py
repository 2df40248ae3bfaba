"""The rule for the best model."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mien.configs.load import load
from mien.configs.schema import CompareConfig
from mien.models.compare.best import Rule, choose
from mien.models.compare.row import OK, Row, failed

SHIPPED = Rule.of(load(CompareConfig, 'compare'))


def test_the_shipped_rule_is_the_one_that_was_asked_for():
    assert (SHIPPED.within, SHIPPED.prefer) == (1.0, ('load_cold', 'bytes'))
    assert SHIPPED.text.startswith('among those within 1 standard error of the best accuracy, the least load_cold, then the least bytes')


def test_among_equally_accurate_ones_the_one_that_loads_fast_then_the_smaller(row):
    rows = [
        row('densenet', accuracy=0.93, standard_error=0.01, load_cold=1.2, bytes=28),
        row('xception', accuracy=0.925, load_cold=0.8, bytes=80),
        row('mobilenet', accuracy=0.921, load_cold=0.41, bytes=13),
        row('smaller', accuracy=0.922, load_cold=0.43, bytes=12),
        row('tiny', accuracy=0.91, load_cold=0.1, bytes=1),
    ]
    choice = choose(rows, SHIPPED)[0]
    assert choice.row.id == 'smaller'
    assert [step.left for step in choice.steps] == [
        ('densenet', 'xception', 'mobilenet', 'smaller', 'tiny'),
        ('densenet', 'xception', 'mobilenet', 'smaller'),
        ('mobilenet', 'smaller'),
        ('smaller',),
    ]
    assert choose(rows, Rule(1.0, ('load_cold', 'bytes'), 0.0))[0].row.id == 'mobilenet'
    assert choose(rows, Rule(0.0, ('load_cold',), 0.1))[0].row.id == 'densenet'
    assert choose(rows, Rule(3.0, ('faces_per_second', 'bytes'), 0.1))[0].row.id == 'tiny'


def test_only_what_was_measured_on_the_same_faces_is_compared(row):
    other = {'anger': 0.95, 'fear': 0.95}
    rows = [row('easy', accuracy=0.99, test='other@0'), row('two', accuracy=0.99, examples=900), row('fear', accuracy=0.99, recall=other)]
    rows += [row('a'), row('b', accuracy=0.7), row('c')]
    best, *others = choose(rows, SHIPPED)
    assert (best.row.id, best.elsewhere) == ('a', ('easy', 'two', 'fear'))
    assert [(one.row.id, one.elsewhere[-3:]) for one in others] == [(name, ('a', 'b', 'c')) for name in ('easy', 'two', 'fear')]


def test_one_that_has_seen_the_faces_in_training_is_the_best_only_among_such(row):
    rows = [row('b', accuracy=0.99, seen=3), row('a', seen=0), row('c', accuracy=0.98, seen=900)]
    assert [(one.row.id, one.elsewhere) for one in choose(rows, SHIPPED)] == [('a', ('b', 'c'))]
    assert [one.row.id for one in choose([rows[0], rows[2]], Rule(0.0, ('bytes',), 0.0))] == ['b']


def test_failed_runs_are_never_the_best(row):
    rows = [failed(row('a', accuracy=0.99), 'out of memory'), row('b', accuracy=0.5)]
    assert choose(rows, SHIPPED)[0].row.id == 'b'
    assert choose(rows[:1], SHIPPED) == ()


@st.composite
def some_rows(draw):
    numbers = st.integers(1, 6)
    count = draw(numbers)
    return [
        Row(
            id=str(index),
            status=OK,
            test='t@0',
            split='test',
            examples=100,
            accuracy=draw(st.integers(50, 60)) / 100,
            standard_error=0.03,
            load_cold=draw(numbers) / 10,
            bytes=draw(numbers),
        )
        for index in range(count)
    ]


@given(some_rows(), st.randoms(use_true_random=False))
def test_no_candidate_is_preferable_and_the_order_of_the_table_matters_only_to_equals(rows, random):
    def worth(one):
        return one.load_cold, one.bytes

    rule = Rule(1.0, ('load_cold', 'bytes'), 0.0)
    best = choose(rows, rule)[0].row
    least = max(one.accuracy for one in rows) - 0.03
    candidates = [one for one in rows if one.accuracy >= least]
    assert best in candidates
    assert worth(best) == min(map(worth, candidates))
    shuffled = random.sample(rows, len(rows))
    assert worth(choose(shuffled, rule)[0].row) == worth(best)
