"""What commands answer on standard output."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .job import Outcome


def report(outcome: Outcome, as_json: bool) -> None:
    """Prints what a job has made, as one line of JSON or for a person."""
    if as_json:
        return tell(json.dumps(asdict(outcome)))
    if not outcome.made:
        tell(f'{outcome.folder} is complete already; nothing to do')
    rows = ', '.join(f'{number} {table}' for table, number in outcome.counts.items())
    tell(f'{outcome.folder}: {rows}\nphotos: {_numbers(outcome.statuses)}')
    for subject, counts in outcome.tallies.items():
        tell(f'{subject}: {sum(counts.values())} ({_numbers(counts)})' if counts else f'{subject}: 0')


def _numbers(counts: dict[str, int]) -> str:
    return ', '.join(f'{name} {number}' for name, number in counts.items())


def tell(text: str) -> None:
    """Prints an answer; whoever reads it may have seen enough, as `head` has."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
