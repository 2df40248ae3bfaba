"""Whether a job that a command left behind is still there, by asking its engine."""

from __future__ import annotations

import time

from ...configs.errors import JobFailed
from . import dataflow_rest, flink_rest, job_service, spark_rest
from .failures import failure
from .reach import address
from .submitted import State, Submitted

SILENCE = 600.0  # seconds without an answer until waiting is given up
SLOWEST = 5.0  # seconds between two questions


def state_of(submitted: Submitted) -> State:
    """How a job stands, by what its job service says, else its cluster."""
    if submitted.engine == 'dataflow':
        return dataflow_rest.state_at(submitted.endpoint or '', submitted.master or '', submitted.job, submitted.name)
    by_service = _by_service(submitted)
    if by_service in (State.RUNNING, State.DONE, State.FAILED):
        return by_service
    by_cluster = _by_cluster(submitted)
    return by_service if by_cluster is None else by_cluster


def is_alive(submitted: Submitted) -> bool | None:
    """Whether a job still runs; None where nobody answers who knows."""
    state = state_of(submitted)
    return None if state is State.UNKNOWN else state is State.RUNNING


def wait(submitted: Submitted, silence: float = SILENCE) -> None:
    """Waits until a job has ended that another command submitted.

    Raises:
        JobFailed: its engine doesn't answer for so many seconds.
        EngineFailed, UsageError, JobFailed: the job failed, as `failures.failure` says.
    """
    heard, pause = time.monotonic(), 0.1
    while (state := state_of(submitted)) in (State.RUNNING, State.UNKNOWN):
        heard = heard if state is State.UNKNOWN else time.monotonic()
        if time.monotonic() - heard >= silence:
            raise JobFailed(f'{submitted}: no answer for {silence:.0f} s; it may still run: the same command looks for it again')
        time.sleep(pause)
        pause = min(2 * pause, SLOWEST)
    if state is State.FAILED:
        raise failure(submitted.engine, errors(submitted))


def errors(submitted: Submitted) -> list[str]:
    """What an engine says of the failure of a job, as far as it still knows."""
    said: list[str] = []
    if submitted.endpoint and submitted.job and submitted.engine != 'dataflow':
        said = job_service.ended_errors(submitted.endpoint, submitted.job)
    if not said and submitted.engine == 'flink' and submitted.master:
        said = [text for text in (flink_rest.error_of(submitted.master, submitted.name, ended=True),) if text]
    return said


def _by_service(submitted: Submitted) -> State:
    """By a job service. Prism and Spark's driver are in it: where nobody listens any more, the job is gone as well."""
    if submitted.endpoint is None:
        return State.UNKNOWN if submitted.master else State.ENDED
    state = job_service.state_at(submitted.endpoint, submitted.job, submitted.name)
    refused = state is State.UNKNOWN and submitted.engine != 'flink' and address('job_endpoint', submitted.endpoint).refuses()
    if submitted.engine == 'flink' and state is State.ENDED:
        return State.UNKNOWN  # a job server that was started anew doesn't know the cluster's jobs
    return State.ENDED if refused else state


def _by_cluster(submitted: Submitted) -> State | None:
    """By the cluster; None where it isn't known, or its engine has nobody to ask."""
    if submitted.master is None:
        return None
    if submitted.engine == 'flink':
        return flink_rest.state_at(submitted.master, submitted.name)
    return spark_rest.state_at(submitted.master, submitted.job, submitted.name) if submitted.engine == 'spark' else None
