"""Runs the pipelines of a job on its engine: under a name, so that a command that is repeated finds what an earlier one left running."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import apache_beam as beam
from apache_beam.pvalue import PBegin, PCollection

from ..configs.errors import JobFailed, UsageError
from ..transforms.parts import WORK, read_json, write_json
from .engines.failures import EngineFailed
from .engines.states import is_alive, wait
from .engines.submit import submit
from .engines.submitted import Submitted, job_name
from .engines.versions import Facts, check_worker, facts
from .runners import Run, pipeline_options
from .surroundings import say_once

if TYPE_CHECKING:
    from .job import Job

SUBMITTED = 'job.json'


@contextmanager
def running(job: Job, step: str) -> Iterator[beam.Pipeline]:
    """A pipeline that the body fills; it has run when the body is through.

    Args:
        step: tells it from the other pipelines of the job.
    Raises:
        as `engines.submit.submit`.
    """
    name = job_name(job.recipe.digest, str(job.output.out), step)
    pipeline, place = beam.Pipeline(options=pipeline_options(job.run, name)), job.output.partial / WORK / SUBMITTED
    yield pipeline
    submit(pipeline, job.run, lambda submitted: _note(place, submitted))
    place.unlink(missing_ok=True)


def wait_for_earlier(job: Job) -> None:
    """Waits for a job that an earlier command gave to an engine and that has outlived it; how it ends is seen by what it leaves.

    Raises:
        JobFailed: nobody answers who knows whether it lives.
    """
    place = job.output.partial / WORK / SUBMITTED
    said = read_json(place)
    if said is None:
        return
    earlier = Submitted(**said)
    if is_alive(earlier) is not False:
        print(f'mien: {earlier} was begun by an earlier command: waiting for its end', file=sys.stderr)
    try:
        wait(earlier)
    except (EngineFailed, UsageError, JobFailed):
        if is_alive(earlier) is not False:
            raise
    place.unlink(missing_ok=True)


@dataclass(eq=False)
class Spread(beam.PTransform):
    """Spreads small elements over the workers; each of these must run what the submitter runs."""

    elements: Iterable[Any]
    run: Run

    def expand(self, pipeline: PBegin) -> PCollection[Any]:
        meet = beam.ParDo(_MeetWorker(facts(), self.run.runner == 'local'))
        return pipeline | 'Create' >> beam.Create(self.elements) | 'Reshuffle' >> beam.Reshuffle() | 'MeetWorker' >> meet


class _MeetWorker(beam.DoFn):
    def __init__(self, expected: Facts, shares_screen: bool) -> None:
        self._expected, self._shares_screen, self._submitter = expected, shares_screen, os.getpid()

    def setup(self) -> None:
        if self._shares_screen:
            say_once()
            self._leave_screen()
        check_worker(self._expected)

    def process(self, element: Any) -> Iterator[Any]:
        yield element

    def _leave_screen(self) -> None:
        """What goes wrong in a child of the submitter's, the submitter says."""
        if os.getpid() != self._submitter:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


def _note(place: Any, submitted: Submitted) -> None:
    write_json(place, vars(submitted))
