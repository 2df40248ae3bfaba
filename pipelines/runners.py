"""Turns a runner's name into Beam's options: the same pipeline on every one."""

from __future__ import annotations

from dataclasses import dataclass

from apache_beam.options.pipeline_options import PipelineOptions

from ..configs.errors import UsageError


@dataclass(frozen=True)
class Run:
    """How a job runs; nothing of it changes a byte of the result.

    Attributes:
        runner: name of a profile.
        workers: local: threads that share the shards.
        beam: Beam's own options, as said after `--`.
        overwrite: replace another run's output once this one is complete.
        previous: an earlier snapshot, whose rows are taken for photos that have not changed.
        retry: statuses that are tried again all the same, beside those that the moment decided.
        paranoid: photos are compared by their bytes, not by size and time.
    """

    runner: str = 'local'
    workers: int = 1
    beam: tuple[str, ...] = ()
    overwrite: bool = False
    previous: str | None = None
    retry: tuple[str, ...] = ()
    paranoid: bool = False

    def __post_init__(self) -> None:
        """Raises UsageError where there is no such runner or no worker."""
        if self.runner not in PROFILES:
            raise UsageError(f'runner {self.runner!r}: not known; say one of {", ".join(PROFILES)}')
        if self.workers < 1:
            raise UsageError(f'--workers {self.workers}: must be at least 1')
        if self.previous is None and (self.retry or self.paranoid):
            raise UsageError(f'--{"retry" if self.retry else "paranoid"} says how --previous is used: say --previous DIR as well')


def pipeline_options(run: Run) -> PipelineOptions:
    """Beam's options for a run."""
    return PipelineOptions([*PROFILES[run.runner](run.workers), *run.beam])


def _local(workers: int) -> list[str]:
    # By class name: `DirectRunner` would look for Prism first. Threads: OpenCV and LiteRT release the GIL.
    return ['--runner=FnApiRunner', f'--direct_num_workers={workers}', '--direct_running_mode=multi_threading']


PROFILES = {'local': _local}
