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
    """Writes tables and pictures; gives the best.

    Args:
        planned: number of runs that there will be.
    """
    rows = [result.row for result in results]
    choice = choose(rows, rule)
    best = None if choice is None else choice.row.id
    pictures = draw(results, best, places.plots)
    lines, shown = said(results, choice, planned), views(rows, best)
    write_whole(places.out / f'{NAME}.parquet', parquet(rows))
    write_whole(places.out / f'{NAME}.csv', csv_text(rows))
    write_whole(places.out / f'{NAME}.md', markdown(TITLE, lines, shown, [f'{places.plots.name}/{path.name}' for path in pictures]))
    write_whole(places.out / f'{NAME}.html', page(TITLE, lines, shown, pictures))
    return choice


def said(results: Sequence[Result], choice: Choice | None, planned: int) -> list[str]:
    """What stands above the tables."""
    failures = sum(result.row.status == FAILED for result in results)
    failed = f', {failures} of them failed' if failures else ''
    lines = [f'{len(results)} of {planned} runs{failed}.']
    if choice is None:
        return lines
    row = choice.row
    cost = f'{seconds(row.load_cold)} cold, {megabytes(row.bytes)}'
    lines.append(f'Best: **{row.id}** ({row.architecture}), {percent(row.accuracy)} on {row.split} of {row.test}, {cost}.')
    lines.append(f'Rule: {choice.rule.text}.')
    if choice.elsewhere:
        lines.append(f'Measured on other faces, and so not compared with it: {", ".join(choice.elsewhere)}.')
    return lines
