"""What a label says: its class and its distribution."""

import csv
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pandas
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien.configs.load import load
from mien.configs.schema import BuildConfig
from mien.pipelines.build import label_rules
from mien.transforms.label_file import Label
from mien.transforms.reasons import Drop, Reason
from mien.transforms.verdict import LabelRules, Verdict, judge

VOTES = ('neutral', 'happiness', 'anger', 'unknown', 'not_a_face')
VOTED = LabelRules(('neutral', 'happiness', 'anger'), {}, VOTES)
SAID = LabelRules(('neutral', 'happiness', 'anger'), {'angry': 'anger', 'sad': 'sadness', 'blurry': 'drop'})


def voted(*counts: object, rules: LabelRules = VOTED) -> Verdict | Drop:
    return judge(Label('a.jpg', 1, '', votes=tuple(map(str, counts))), rules)


def reason(verdict: Verdict | Drop) -> Reason | None:
    return verdict.reason if isinstance(verdict, Drop) else None


def test_shares_are_of_the_votes_for_classes():
    assert voted('1', '6', '1', '2', '0') == Verdict(1, (0.125, 0.75, 0.125))


def test_without_votes_all_of_the_distribution_is_the_label():
    assert judge(Label('a.jpg', 1, 'anger'), SAID) == Verdict(2, (0.0, 0.0, 1.0))
    assert judge(Label('a.jpg', 1, 'angry'), SAID) == Verdict(2, (0.0, 0.0, 1.0))


@pytest.mark.parametrize(
    ('counts', 'why'),
    [
        (('4', '4', '1', '1', '0'), Reason.TIE),
        (('4', '1', '1', '4', '0'), Reason.TIE),  # with a vote that is no class
        (('3', '0', '0', '7', '0'), Reason.UNKNOWN),
        (('0', '0', '1', '0', '9'), Reason.NOT_A_FACE),
        (('4', 'x', '1', '1', '0'), Reason.BAD_VOTES),
        (('4', '', '1', '1', '0'), Reason.BAD_VOTES),
        (('4', '-1', '1', '1', '0'), Reason.BAD_VOTES),
        (('4', 'nan', '1', '1', '0'), Reason.BAD_VOTES),
        (('4', '1_0', '1', '1', '0'), Reason.BAD_VOTES),
        (('1e308', '1e308', '1', '1', '0'), Reason.BAD_VOTES),
        (('4', 'inf', '1', '1', '0'), Reason.BAD_VOTES),
        (('0', '0', '0', '0', '0'), Reason.FEW_VOTES),
        (('', '', '', '', ''), Reason.UNLABELLED),
    ],
)
def test_votes_that_make_no_label(counts, why):
    assert reason(voted(*counts)) == why


@pytest.mark.parametrize(
    ('said', 'why'),
    [
        ('', Reason.UNLABELLED),
        ('joy', Reason.UNKNOWN_LABEL),
        ('sad', Reason.OTHER_CLASS),  # renamed to a class that this dataset leaves out
        ('contempt', Reason.OTHER_CLASS),
        ('blurry', Reason.DROPPED),
        ('unknown', Reason.UNKNOWN),
        ('not_a_face', Reason.NOT_A_FACE),
    ],
)
def test_labels_outside_the_classes(said, why):
    assert reason(judge(Label('a.jpg', 1, said), SAID)) == why


@pytest.mark.parametrize(
    ('renamed', 'drop'),
    [
        ({}, Drop(Reason.OTHER_CLASS, 'contempt has 6 of 7 votes')),
        ({'contempt': 'smirk'}, Drop(Reason.UNKNOWN_LABEL, 'smirk has 6 of 7 votes')),
        ({'contempt': 'drop', 'happiness': 'drop'}, Drop(Reason.DROPPED, 'drop has 6 of 7 votes')),
    ],
)
def test_a_winner_that_is_no_class_of_this_dataset(renamed, drop):
    assert voted(1, 0, 6, rules=LabelRules(('neutral',), renamed, ('neutral', 'happiness', 'contempt'))) == drop


def test_votes_merge_before_the_winner_is_sought():
    rules = LabelRules(
        ('neutral', 'positive'), {'happiness': 'positive', 'surprise': 'positive'}, ('neutral', 'happiness', 'surprise', 'fear')
    )
    assert voted(4, 3, 2, 1, rules=rules) == Verdict(1, (4 / 9, 5 / 9))
    assert voted(4, 3, 2, 1, rules=replace(rules, renamed={})) == Verdict(0, (1.0, 0.0))
    assert reason(voted(4, 3, 2, 5, rules=rules)) is Reason.TIE


@pytest.mark.parametrize(
    ('counts', 'margin', 'why'),
    [
        ((6, 4, 0, 0, 0), 0.2, None),  # leads by just the margin
        ((6, 4, 0, 0, 0), 0.21, Reason.NARROW),
        ((5, 1, 1, 3, 0), 0.3, Reason.NARROW),  # before a vote that is no class
        ((7, 1, 1, 1, 0), 0.6, None),
        ((5, 2, 2, 1, 0), 0.3, None),
        ((10, 0, 0, 0, 0), 1.0, None),
        ((5, 5, 0, 0, 0), 0.3, Reason.TIE),
        ((4, 0, 0, 6, 0), 0.3, Reason.UNKNOWN),  # however narrow, it is not the label
    ],
)
def test_the_first_must_lead_the_second_by_the_margin(counts, margin, why):
    assert reason(voted(*counts, rules=replace(VOTED, margin=margin))) == why


@pytest.mark.parametrize(
    ('counts', 'why'),
    [((6, 4, 0, 0, 0), None), ((5, 4, 1, 0, 0), Reason.NARROW), ((4, 0, 0, 6, 0), Reason.UNKNOWN), ((5, 5, 0, 0, 0), Reason.TIE)],
)
def test_the_first_must_exceed_the_share(counts, why):
    assert reason(voted(*counts, rules=replace(VOTED, share=0.5))) == why


@pytest.mark.parametrize(
    ('counts', 'said'),
    [
        ((5, 3, 1, 1, 0), Verdict(0, (5 / 8, 3 / 8, 0.0))),
        ((1, 1, 1, 1, 1), Drop(Reason.FEW_VOTES, '0 votes, at least 1 are wanted')),
        ((1, 0, 0, 0, 0), Drop(Reason.FEW_VOTES, '0 votes, at least 1 are wanted')),
    ],
)
def test_votes_below_the_floor_are_none(counts, said):
    assert voted(*counts, rules=replace(VOTED, floor=2)) == said


@pytest.mark.parametrize(
    ('counts', 'minimum', 'why'), [((3, 1, 0, 0, 0), 4, None), ((3, 1, 0, 0, 0), 5, Reason.FEW_VOTES), ((3, 1, 0, 1, 0), 5, None)]
)
def test_fewer_than_the_minimum_of_votes_make_no_label(counts, minimum, why):
    assert reason(voted(*counts, rules=replace(VOTED, minimum_votes=minimum))) == why


def test_shares_instead_of_counts_are_votes():
    assert voted(0.333, 0.333, 0.333, 0, 0, rules=replace(VOTED, soft=True)) == Verdict(0, pytest.approx((1 / 3, 1 / 3, 1 / 3)))


@pytest.mark.parametrize(
    ('counts', 'said'),
    [
        ((1, 4, 4, 1, 0), Verdict(1, (1 / 9, 4 / 9, 4 / 9))),
        ((0, 4, 2, 4, 0), Drop(Reason.UNKNOWN, 'unknown has 4 of 10 votes')),
        ((3, 3, 0, 0, 4), Drop(Reason.NOT_A_FACE, 'not_a_face has 4 of 10 votes')),
    ],
)
def test_soft_labels_keep_a_tie_between_classes(counts, said):
    assert voted(*counts, rules=replace(VOTED, soft=True)) == said


def test_a_soft_tie_takes_the_first_class_in_label_order_not_in_the_order_of_votes():
    assert voted(5, 5, rules=LabelRules(('anger', 'fear'), {}, ('fear', 'anger'), soft=True)) == Verdict(0, (0.5, 0.5))


COUNTS = st.lists(st.integers(0, 10), min_size=5, max_size=5)


@given(COUNTS, st.booleans())
def test_a_distribution_adds_up_to_one_and_its_label_leads(counts, soft):
    verdict = voted(*counts, rules=replace(VOTED, soft=soft))
    if isinstance(verdict, Verdict):
        assert sum(verdict.distribution) == pytest.approx(1)
        assert verdict.distribution[verdict.label] == max(verdict.distribution)


@given(COUNTS)
def test_soft_labels_only_add_ties(counts):
    hard, soft = voted(*counts), voted(*counts, rules=replace(VOTED, soft=True))
    assert soft == hard or reason(hard) is Reason.TIE


@given(COUNTS, st.floats(0, 1), st.integers(1, 40), st.booleans())
def test_a_margin_and_a_minimum_only_take_away(counts, margin, minimum, soft):
    rules = replace(VOTED, soft=soft)
    strict = voted(*counts, rules=replace(rules, margin=margin, minimum_votes=minimum))
    assert strict == voted(*counts, rules=rules) or reason(strict) in (Reason.NARROW, Reason.FEW_VOTES)


@given(COUNTS, st.permutations(range(5)), st.booleans())
def test_the_order_of_the_columns_decides_nothing(counts, order, soft):
    rules = replace(VOTED, margin=0.2, soft=soft)
    shuffled = replace(rules, votes=tuple(VOTES[place] for place in order))
    one, other = voted(*counts, rules=rules), voted(*(counts[place] for place in order), rules=shuffled)
    assert one == other or (isinstance(one, Drop) and isinstance(other, Drop))


@given(COUNTS)
def test_two_columns_renamed_to_one_are_the_column_of_their_sums(counts):
    merged = voted(*counts, rules=replace(VOTED, renamed={'anger': 'happiness'}, classes=('neutral', 'happiness')))
    summed = voted(
        counts[0],
        counts[1] + counts[2],
        *counts[3:],
        rules=LabelRules(('neutral', 'happiness'), {}, tuple(n for n in VOTES if n != 'anger')),
    )
    assert merged == summed


def test_ferplus_leaves_what_the_field_knows(labels_dir):
    """26,921 of FER2013's Training and 3,393 of its PublicTest have a majority that is a class."""
    verdicts = all_verdicts('fer2013_ferplus', labels_dir)
    kept = Counter(usage for usage, verdict in verdicts if isinstance(verdict, Verdict))
    assert kept == {'Training': 26921, 'PublicTest': 3393}


def test_more_than_half_of_the_votes_without_single_ones_is_how_the_authors_of_ferplus_count(labels_dir):
    """Their ferplus.py, `majority`, by pandas."""
    config, table = load(BuildConfig, 'build', 'ferplus_half'), pandas.read_csv(labels_dir / 'fer2013-labels.csv')
    votes = table[list(config.votes.values())].set_axis(list(config.votes), axis=1)
    votes = votes.where(votes > 1, 0)
    kept = votes.idxmax(axis=1)[(votes.max(axis=1) > 0.5 * votes.sum(axis=1)) & votes.idxmax(axis=1).isin(config.classes)]
    verdicts = [verdict for _, verdict in all_verdicts('ferplus_half', labels_dir)]
    assert {row: config.classes[one.label] for row, one in enumerate(verdicts) if isinstance(one, Verdict)} == kept.to_dict()


@pytest.mark.parametrize('name', ['fer2013_ferplus', 'ferplus_curated', 'ferplus_4', 'ferplus_3', 'ferplus_2'])
def test_the_configs_of_ferplus_keep_what_pandas_keeps(labels_dir, name):
    config, table = load(BuildConfig, 'build', name), pandas.read_csv(labels_dir / 'fer2013-labels.csv')
    votes = table[list(config.votes.values())].set_axis([config.label_map.get(vote, vote) for vote in config.votes], axis=1)
    ranked = votes.rank(axis=1, method='min', ascending=False)
    behind = votes.where(ranked > 1).max(axis=1).fillna(0)
    clear = (ranked == 1).sum(axis=1).eq(1) & ((votes.max(axis=1) - behind) / votes.sum(axis=1) >= config.vote_margin)
    kept = votes.idxmax(axis=1)[clear & votes.idxmax(axis=1).isin(config.classes)]
    verdicts = [verdict for _, verdict in all_verdicts(name, labels_dir)]
    assert {row: config.classes[one.label] for row, one in enumerate(verdicts) if isinstance(one, Verdict)} == kept.to_dict()


@pytest.mark.parametrize('name', ['fer2013', 'fer2013_4', 'fer2013_3'])
def test_the_configs_of_fer2013_keep_its_labels(labels_dir, name):
    config, table = load(BuildConfig, 'build', name), pandas.read_csv(labels_dir / 'fer2013-labels.csv')
    verdicts = [verdict for _, verdict in all_verdicts(name, labels_dir)]
    kept = Counter(config.classes[one.label] for one in verdicts if isinstance(one, Verdict))
    assert kept == table['fer2013_label'][table['fer2013_label'].isin(config.classes)].value_counts().to_dict()
    assert {reason(one) for one in verdicts} <= {None, Reason.OTHER_CLASS}


def all_verdicts(name: str, labels_dir: Path) -> list[tuple[str, Verdict | Drop]]:
    """FER2013's usage and the verdict of each of its rows by a shipped config."""
    config = load(BuildConfig, 'build', name)
    rules = label_rules(config, config)
    with open(labels_dir / 'fer2013-labels.csv', newline='') as file:
        return [(row['usage'], judge(_label(row, config), rules)) for row in csv.DictReader(file)]


def _label(row: dict[str, str], config: BuildConfig) -> Label:
    said = '' if config.votes else row[config.label_column]
    return Label(row['image'], 1, said, tuple(row[column] for column in config.votes.values()))
