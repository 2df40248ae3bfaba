"""What a failed job says: an engine wraps a worker's Python error in words of its own."""

from __future__ import annotations

import re

from ...configs.errors import JobFailed, UsageError
from .versions import WRONG_WORKER

TRACEBACK = 'Traceback (most recent call last):'
JAVA = re.compile(r'^(?:\tat |Caused by: |\t?\.\.\. \d+ more$|\tSuppressed: )', re.MULTILINE)
STEP = re.compile(r" \[while running '[^']*'\]$")
NO_MIEN = re.compile(r"ModuleNotFoundError: (No module named 'mien(?:\.[\w.]+)?')")


class EngineFailed(RuntimeError):
    """A worker's Python error ended the job: the text is the worker's traceback, its last line the error."""


def failure(engine: str, said: list[str]) -> Exception:
    """The error of a job that failed.

    Args:
        said: the engine's messages of errors, in their order.
    Returns:
        EngineFailed where a worker's step raised, UsageError where the workers aren't fit for the job, else JobFailed.
    """
    trace = next((trace for text in reversed(said) if (trace := python_error(text))), None)
    if trace is None:
        words = first_line(said[-1]) if said else 'it gave no reason; its own log does'
        return JobFailed(f'{engine} failed: {words}; what is finished is kept: see to it, then the same command goes on')
    reason = unfit(engine, trace)
    return EngineFailed(trace) if reason is None else UsageError(reason)


def unfit(engine: str, trace: str) -> str | None:
    """Why the workers can't do the job, however often it is tried, by a worker's traceback; None where it is something else."""
    last = STEP.sub('', trace.rpartition('\n')[2])
    if WRONG_WORKER in last:
        return last[last.index(WRONG_WORKER) :]
    missing = NO_MIEN.search(last)
    return None if missing is None else f'workers of {engine}: {missing[1]}; install the mien of this machine where they run'


def python_error(text: str) -> str | None:
    """The Python traceback within a text, from its first line to the error; None where there is none."""
    begin = text.find(TRACEBACK)
    if begin < 0:
        return None
    trace = text[begin:]
    end = JAVA.search(trace)
    return (trace[: end.start()] if end else trace).strip()


def first_line(text: str) -> str:
    """The first line that says something."""
    return next((line.strip() for line in text.splitlines() if line.strip()), 'no text')
