"""Which model is the best, by the rule that stands in the config."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...configs.schema import CompareConfig
from .row import OK, Row

MORE_IS_BETTER = ('accuracy', 'faces_per_second', 'macro_f1')
EXACT = ('accuracy', 'bytes', 'loss', 'macro_f1', 'parameters')  # what no clock measured


@dataclass(frozen=True)
class Rule:
    """How to choose.

    Attributes:
        within: standard errors of the best accuracy by which a candidate may be worse.
        prefer: columns that decide among the candidates, the first one first.
        noise: share by which two times or speeds may differ and still count as equal.
    """

    within: float
    prefer: tuple[str, ...]
    noise: float

    @classmethod
    def of(cls, config: CompareConfig) -> Rule:
        return cls(config.within, config.prefer, config.noise)

    @property
    def text(self) -> str:
        """The rule in one sentence."""
        steps = [f'the {"most" if column in MORE_IS_BETTER else "least"} {column}' for column in self.prefer]
        noise = f' (times and speeds within {self.noise:.0%} count as equal)' if set(self.prefer) - set(EXACT) else ''
        return f'among those within {errors(self.within)} of the best accuracy, {", then ".join([*steps, "the first"])}{noise}'


@dataclass(frozen=True)
class Step:
    """What was left after a part of the rule: ids in the order of the table."""

    part: str
    left: tuple[str, ...]


@dataclass(frozen=True)
class Choice:
    """The best of the models that were measured on the same faces, and how it was found.

    Attributes:
        row: the best one's.
        steps: what each part of the rule left; the first has all that were compared.
        elsewhere: ids of finished runs that were measured on other faces or have seen some of these, and so cannot be compared with it.
    """

    row: Row
    rule: Rule
    steps: tuple[Step, ...]
    elsewhere: tuple[str, ...]


def choose(rows: Sequence[Row], rule: Rule) -> tuple[Choice, ...]:
    """Applies the rule to the finished runs, those together that were measured on the same faces; where there are the most, first.

    A run that has seen some of these in training is left out, unless all have.
    """
    finished = [row for row in rows if row.status == OK]
    groups: dict[object, list[Row]] = {}
    for row in [row for row in finished if not row.seen] or finished:
        groups.setdefault(_faces(row), []).append(row)
    return tuple(_best(group, finished, rule) for group in sorted(groups.values(), key=len, reverse=True))


def _best(group: list[Row], finished: list[Row], rule: Rule) -> Choice:
    elsewhere = tuple(row.id for row in finished if row not in group)
    steps = [Step(f'measured on the same {group[0].examples:,} faces', _ids(group))]
    left = _most_accurate(group, rule.within)
    steps.append(Step(f'within {errors(rule.within)} of the best accuracy', _ids(left)))
    for column in rule.prefer:
        left = _preferred(left, column, rule.noise)
        steps.append(Step(column, _ids(left)))
    return Choice(left[0], rule, tuple(steps), elsewhere)


def errors(number: float) -> str:
    """A number of standard errors in words."""
    return f'{number:g} standard error{"" if number == 1 else "s"}'


def _faces(row: Row) -> tuple[str, str, int | None, frozenset[str]]:
    return row.test, row.split, row.examples, frozenset(name for name, share in (row.recall or {}).items() if share is not None)


def _most_accurate(rows: Sequence[Row], within: float) -> list[Row]:
    top = max(rows, key=lambda row: row.accuracy or 0.0)
    least = (top.accuracy or 0.0) - within * (top.standard_error or 0.0)
    return [row for row in rows if (row.accuracy or 0.0) >= least]


def _preferred(rows: Sequence[Row], column: str, noise: float) -> list[Row]:
    """Those whose value is the best, or can't be told from it; those without one only where none has any."""
    values = {row.id: getattr(row, column) for row in rows if getattr(row, column) is not None}
    if not values:
        return list(rows)
    share = 0.0 if column in EXACT else noise
    if column in MORE_IS_BETTER:
        bound = max(values.values()) * (1 - share)
        return [row for row in rows if row.id in values and values[row.id] >= bound]
    bound = min(values.values()) * (1 + share)
    return [row for row in rows if row.id in values and values[row.id] <= bound]


def _ids(rows: Sequence[Row]) -> tuple[str, ...]:
    return tuple(row.id for row in rows)
