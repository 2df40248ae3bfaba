"""`mien compare`: trains and measures models, one after the other, and says which is the best.

OUT/comparison.{md,csv,parquet,html}, plots/   one row a run, written anew after each of them
OUT/best/                                      the best model's package, with best.json
OUT/runs/<id>/                                 the package that a run has trained; <id>.yaml its train config, <id>.log what was said,
                                               row-<id>.json what came of it

Each training and each measurement is a process of its own: one that dies is a row that says why. A run that has its row is not done
again; one that failed is tried again by the same command, and goes on where its training stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from ...configs.errors import JobFailed, UsageError
from ...configs.schema import CompareConfig
from .architectures import ALL, spelled_out
from .best import Choice, Rule
from .files import Places
from .one import do
from .plan import Plan, after_others, plan
from .planned import check
from .publish import publish
from .result import Result, read
from .row import FAILED, OK, Row
from .winner import keep

Tell = Callable[[str], object]


@dataclass(frozen=True)
class Comparison:
    """What a comparison came to.

    Attributes:
        rows: of all runs that have one, in the order of the plan.
        choice: the best; None where no run succeeded.
    """

    rows: tuple[Row, ...]
    choice: Choice | None

    @property
    def failures(self) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.status == FAILED)


def prepared(folders: Sequence[str], out: Path, config: CompareConfig) -> Plan:
    """The plan of a comparison, when nothing is wrong with it; writes nothing.

    Raises:
        UsageError: see `plan` and `check`.
    """
    _refuse_foreign(out)
    if ALL in config.architectures:
        config = replace(config, architectures=spelled_out(config.architectures))
    made = after_others(plan(config, folders), Places(out))
    check(made.runs, config, Places(out))
    return made


def compare(made: Plan, out: Path, config: CompareConfig, tell: Tell) -> Comparison:
    """Does all runs that have no row yet, and writes everything anew after each.

    Args:
        made: see `prepared`.
        out: folder of the comparison; nobody else may write there.
        tell: is given lines of progress.
    Raises:
        JobFailed: no run has succeeded.
        UsageError: the best model's package is gone, or is another one by now.
    """
    places = Places(out)
    places.runs.mkdir(parents=True, exist_ok=True)
    for number, run in enumerate(made.runs, 1):
        tell(f'[{run.id}] run {number} of {len(made.runs)}')
        if do(run, config.split, places, tell):
            with suppress(UsageError):  # a best package that is gone keeps no other run from being done: it is told at the end
                _publish_and_keep(_results(made, places), made, config, places)
    results = _results(made, places)
    choice = _publish_and_keep(results, made, config, places)
    rows = tuple(result.row for result in results)
    if not any(row.status == OK for row in rows):
        raise JobFailed(f'no run has succeeded; {rows[0].id}: {rows[0].reason}; {out}/runs/ holds their logs')
    return Comparison(rows, choice)


def _publish_and_keep(results: list[Result], made: Plan, config: CompareConfig, places: Places) -> Choice | None:
    choice = publish(results, Rule.of(config), places, len(made.ids))
    if choice is not None:
        keep(choice, places)
    return choice


def _refuse_foreign(out: Path) -> None:
    if out.exists() and not out.is_dir():
        raise UsageError(f'--out {str(out)!r}: is a file; name a folder')
    if out.is_dir() and any(out.iterdir()) and not Places(out).runs.is_dir():
        raise UsageError(f'--out {str(out)!r}: holds files, and no comparison; name another folder')


def _results(made: Plan, places: Places) -> list[Result]:
    found = (read(places.result(name)) for name in made.ids)
    return [result for result in found if result is not None]
