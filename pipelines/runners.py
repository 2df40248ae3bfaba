"""Turns a runner's name into Beam's options: the same pipeline on every one."""

from __future__ import annotations

from dataclasses import dataclass

from apache_beam.options.pipeline_options import PipelineOptions

from ..configs.errors import UsageError
from .engines.asked import Asked, parsed
from .engines.profile import PROFILES


@dataclass(frozen=True)
class Run:
    """How a job runs; nothing of it changes a byte of the result.

    Attributes:
        runner: name of a profile.
        workers: how many share the shards, as the profile means it; None: as many as is its default.
        beam: Beam's own options, as said after `--`.
        overwrite: replace another run's output once this one is complete.
        previous: an earlier snapshot, whose rows are taken for photos that have not changed.
        retry: statuses that are tried again all the same, beside those that the moment decided.
        paranoid: photos are compared by their bytes, not by size and time.
    """

    runner: str = 'local'
    workers: int | None = None
    beam: tuple[str, ...] = ()
    overwrite: bool = False
    previous: str | None = None
    retry: tuple[str, ...] = ()
    paranoid: bool = False

    def __post_init__(self) -> None:
        """Raises UsageError where there is no such runner or no worker."""
        if self.runner not in PROFILES:
            raise UsageError(f'runner {self.runner!r}: not known; say one of {", ".join(PROFILES)}')
        if self.workers is not None and self.workers < 1:
            raise UsageError(f'--workers {self.workers}: must be at least 1')
        if self.previous is None and (self.retry or self.paranoid):
            raise UsageError(f'--{"retry" if self.retry else "paranoid"} says how --previous is used: say --previous DIR as well')


def pipeline_options(run: Run, name: str | None = None) -> PipelineOptions:
    """Beam's options for a run; what the user says wins.

    Args:
        name: of the job, for engines that know jobs by names.
    Raises:
        UsageError: one of the user's own can't be read.
    """
    asked = Asked(run.workers, run.beam)
    profile = PROFILES[run.runner]
    named = [] if name is None else [f'--job_name={name}']
    return parsed([*profile.flags(asked), *named, *run.beam, *profile.overrides(asked)])
