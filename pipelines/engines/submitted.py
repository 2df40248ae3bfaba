"""What is noted of a job, so that it is found again by a command that was repeated."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from enum import Enum

LONGEST = 63  # characters of a job's name on Dataflow


class State(Enum):
    """How a job stands, as far as its engine tells.

    ENDED: whether well or not is not known: the engine has forgotten the job, or never had it. UNKNOWN: nobody answers.
    """

    RUNNING = 'running'
    DONE = 'done'
    FAILED = 'failed'
    ENDED = 'ended'
    UNKNOWN = 'unknown'


@dataclass(frozen=True)
class Submitted:
    """A job that was given to an engine, or is just about to be.

    Attributes:
        engine: name of the profile.
        name: the same for every try of one job.
        job: the id that the job service or Dataflow gave, None before that.
        endpoint: HOST:PORT of a job service that outlives the command; Dataflow: url of its API.
        master: url of the cluster that tells of its jobs (Flink: its REST, Spark: its web page); Dataflow: `projects/P/locations/R`.
    """

    engine: str
    name: str
    job: str | None = None
    endpoint: str | None = None
    master: str | None = None

    def __str__(self) -> str:
        return f'{self.engine} job {self.job or self.name!r} at {self.master or self.endpoint}'

    def to_json(self) -> str:
        """One line."""
        return json.dumps(asdict(self), sort_keys=True)

    @staticmethod
    def from_json(text: str) -> Submitted:
        """What `to_json` wrote.

        Raises:
            ValueError, TypeError: the text is something else.
        """
        return Submitted(**json.loads(text))

    def with_job(self, job: str) -> Submitted:
        """The same, now that it has an id."""
        return replace(self, job=job)


def job_name(recipe_digest: str, out: str, step: str = '') -> str:
    """The name of a job: small letters, digits and dashes, as Dataflow wants it.

    Args:
        recipe_digest: hex digits.
        out: the output, written as it always is.
        step: which of the jobs of one command it is.
    """
    name = f'mien-{recipe_digest}-{hashlib.sha256(out.encode()).hexdigest()[:8]}'
    return (f'{name}-{step.lower()}' if step else name)[:LONGEST]
