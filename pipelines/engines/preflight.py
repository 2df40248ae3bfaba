"""What must be said before a job starts: what would fail late, or on every photo."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from ...configs.errors import UsageError
from ...configs.load import suggestion
from ...storage.path import is_stored
from ..runners import Run
from .asked import Asked
from .finding import Finding, Given
from .profile import PROFILES

SERVED = ('flink', 'spark')  # by a job server of Beam's, in Java


def preflight(run: Run, given: Sequence[Given], warn: Callable[[str], None]) -> None:
    """Refuses a job that can't succeed on its runner; nothing is listed or written.

    Args:
        given: files and folders that workers read or write.
        warn: takes lines of what may go wrong.
    Raises:
        UsageError: the first reason, in one line.
    """
    found = list(findings(run, given))
    for finding in found:
        if finding.fatal:
            raise UsageError(finding.text)
    for finding in found:
        warn(finding.text)


def findings(run: Run, given: Sequence[Given]) -> Iterator[Finding]:
    """All that is wrong with a call; what its words alone tell comes first, what the network tells last."""
    asked = Asked(run.workers, run.beam)
    yield from _unknown(run.runner, asked)
    if not sees_local(run):
        yield from _unseen(run.runner, given)
    if run.runner == 'dataflow':
        yield from _foreign(given)
    yield from PROFILES[run.runner].findings(asked)


def sees_local(run: Run) -> bool:
    """Whether the workers of a run see this machine's folders."""
    return PROFILES[run.runner].is_near(Asked(run.workers, run.beam))


def _unknown(runner: str, asked: Asked) -> Iterator[Finding]:
    """A job server may know options that Beam's Python does not; nobody else does."""
    for name in asked.unknown:
        hint = suggestion(name, asked.known)
        if runner in SERVED:
            yield Finding(f"{name}: no option of Beam's Python{hint}; the job server of {runner} is given it as it is", fatal=False)
        else:
            yield Finding(f'{name}: no option of Beam{hint}; correct what stands behind --')


def _unseen(runner: str, given: Sequence[Given]) -> Iterator[Finding]:
    for one in given:
        if not is_stored(one.value):
            remedy = 'name' if one.what == 'output' else 'copy it to, and name,'
            text = f"is on this machine, and the workers of --runner {runner} don't see it; {remedy} a place like s3://... or gs://..."
            yield Finding(f'{one.what} {one.value!r}: {text}')


def _foreign(given: Sequence[Given]) -> Iterator[Finding]:
    for one in given:
        if is_stored(one.value) and not one.value.startswith('gs://'):
            text = "Dataflow's workers have no key for it but what their image carries; give them one or name gs://..."
            yield Finding(f'{one.what} {one.value!r}: {text}', fatal=False)
