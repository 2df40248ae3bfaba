"""How far the classes of two sets have drifted apart: population stability index and chi-square tests."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

NOTHING = 0.5  # items that an empty class counts as: the logarithm of a share of 0 is infinite
FEW = 5.0  # expected items below which the chi-square distribution is a rough guide (Cochran 1954)


@dataclass(frozen=True)
class ClassDrift:
    """One class in the old and the new set.

    Attributes:
        old, new: items of the class.
        old_share, new_share: of all items of the set, 0 where it has none.
        chi_square, p: of this class against all others; null where one of the sets or of the two kinds is empty: nothing to test.
        rough: fewer than five items are expected in a cell: p is a rough guide.
    """

    old: int
    new: int
    old_share: float
    new_share: float
    chi_square: float | None
    p: float | None
    rough: bool


@dataclass(frozen=True)
class Drift:
    """What has become of a set's classes.

    Attributes:
        psi: population stability index; null where one of the sets is empty and the other isn't: past any threshold.
        chi_square, degrees: of all classes at once; null and 0 where there is nothing to test.
        classes: by class name.
    """

    psi: float | None
    chi_square: float | None
    degrees: int
    classes: dict[str, ClassDrift]

    def exceeds(self, psi: float) -> bool:
        """Whether it is more than a population stability index."""
        return self.psi is None or self.psi > psi


def drift(old: Mapping[str, int], new: Mapping[str, int], order: tuple[str, ...] = ()) -> Drift:
    """Compares the items by class of two sets.

    The tests take the two sets for independent samples. Two nights of one archive share most of their photos, and differ less than such
    samples would: a small p means drift all the same, a large one is weaker evidence of none.

    Args:
        order: classes that come first, in this order.
    """
    names = [name for name in order if name in old or name in new]
    names += sorted((old.keys() | new.keys()) - {*names})
    before, after = [old.get(name, 0) for name in names], [new.get(name, 0) for name in names]
    totals = sum(before), sum(after)
    classes = {name: _class_drift((one, other), totals) for name, one, other in zip(names, before, after, strict=True)}
    whole = chi_square(before, after)
    degrees = 0 if whole is None else sum(map(any, zip(before, after, strict=True))) - 1
    return Drift(population_stability_index(before, after), whole, degrees, classes)


def _class_drift(counts: tuple[int, int], totals: tuple[int, int]) -> ClassDrift:
    (old, new), others = counts, (totals[0] - counts[0], totals[1] - counts[1])
    old_share, new_share = (count / total if total else 0.0 for count, total in zip(counts, totals, strict=True))
    found = chi_square((old, others[0]), (new, others[1]))
    if found is None:
        return ClassDrift(old, new, old_share, new_share, None, None, False)
    smallest = min(old + new, sum(others)) * min(totals) / sum(totals)  # expected in one of the four cells
    return ClassDrift(old, new, old_share, new_share, found, p_of_one_degree(found), smallest < FEW)


def population_stability_index(old: Sequence[int], new: Sequence[int]) -> float | None:
    """The sum over classes of (new - old) * ln(new / old), of shares; 0 for equal ones, null where only one of the sets is empty.

    A class that is empty in one set counts as half an item there; one that is empty in both is left out. As a rule of thumb, less than
    0.1 is no drift, more than 0.25 much; the index of small sets is mostly chance.

    Args:
        old, new: items by class, in the same order.

    Source: Yurdakul 2018, Statistical Properties of Population Stability Index (Western Michigan University), where its distribution
    and the origin of the thresholds stand too; as a divergence of distributions: Jeffreys 1946.
    """
    if not any(old) or not any(new):
        return None if any(old) or any(new) else 0.0
    filled = [(one or NOTHING, other or NOTHING) for one, other in zip(old, new, strict=True) if one or other]
    total_old, total_new = (sum(counts) for counts in zip(*filled, strict=True))
    shares = [(one / total_old, other / total_new) for one, other in filled]
    return sum((after - before) * math.log(after / before) for before, after in shares)


def chi_square(old: Sequence[int], new: Sequence[int]) -> float | None:
    """Pearson's statistic of the hypothesis that two sets have the same shares, without a correction for continuity.

    Null where a set is empty, or fewer than two classes are not: there is nothing to test.

    Args:
        old, new: items by class, in the same order.

    Source: Pearson 1900; as a test of homogeneity: Cochran 1952, The chi-square test of goodness of fit.
    """
    totals = sum(old), sum(new)
    columns = [pair for pair in zip(old, new, strict=True) if any(pair)]
    if not all(totals) or len(columns) < 2:
        return None
    expected = [[sum(pair) * total / sum(totals) for total in totals] for pair in columns]
    return sum((found - e) ** 2 / e for pair, row in zip(columns, expected, strict=True) for found, e in zip(pair, row, strict=True))


def p_of_one_degree(statistic: float) -> float:
    """Probability of a chi-square statistic at least as large, with one degree of freedom.

    Such a statistic is the square of a standard normal variable (Abramowitz & Stegun 1964, 26.4.18 and 7.1.22).
    """
    return math.erfc(math.sqrt(statistic / 2))
