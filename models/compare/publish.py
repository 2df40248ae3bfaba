"""Writes all that people and programs read of a comparison; each file is whole at any moment."""

from __future__ import annotations

from collections.abc import Sequence

from ..whole import write_whole
from .best import Choice, Rule, choose
from .files import Places
from .markdown import markdown
from .page import page
from .pictures import draw
from .result import Result
from .row import FAILED
from .tables import csv_text, parquet
from .texts import megabytes, percent, seconds
from .views import views

NAME = 'comparison'
TITLE = 'Models compared'


def publish(results: Sequence[Result], rule: Rule, places: Places, planned: int) -> Choice | None:
    """Writes tables and pictures; gives the best, of those that were measured on the faces that the most were.

    Args:
        planned: number of runs that there will be.
    """
    rows = [result.row for result in results]
    choices = choose(rows, rule)
    best = [choice.row.id for choice in choices]
    pictures = draw(results, best, places.plots)
    lines, shown = said(results, choices, planned), views(rows, best)
    write_whole(places.out / f'{NAME}.parquet', parquet(rows))
    write_whole(places.out / f'{NAME}.csv', csv_text(rows))
    write_whole(places.out / f'{NAME}.md', markdown(TITLE, lines, shown, [f'{places.plots.name}/{path.name}' for path in pictures]))
    write_whole(places.out / f'{NAME}.html', page(TITLE, lines, shown, pictures))
    return next(iter(choices), None)


def said(results: Sequence[Result], choices: Sequence[Choice], planned: int) -> list[str]:
    """What stands above the tables."""
    failures = sum(result.row.status == FAILED for result in results)
    failed = f', {failures} of them failed' if failures else ''
    lines = [f'{len(results)} of {planned} runs{failed}.']
    lines += [f'{"Best" if place == 0 else "Best on other faces"}: {_told(choice)}.' for place, choice in enumerate(choices)]
    return [*lines, f'Rule: {choices[0].rule.text}.'] if choices else lines


def _told(choice: Choice) -> str:
    row, compared = choice.row, len(choice.steps[0].left)
    where = f'{percent(row.accuracy)} on {row.split} of {row.test}'
    return f'**{row.id}** ({row.architecture}), {where}, {seconds(row.load_cold)} cold, {megabytes(row.bytes)}, of {compared}'
