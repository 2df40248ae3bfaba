"""Gives a pipeline to its engine, notes what finds the job again, and waits for its end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import apache_beam as beam
import grpc
from apache_beam.options.pipeline_options import GoogleCloudOptions
from apache_beam.portability.api import beam_job_api_pb2 as api

from ...configs.errors import JobFailed, UsageError
from ..runners import Run
from . import flink_rest, processes
from .asked import Asked
from .failures import failure, first_line, python_error, unfit
from .job_service import errors, state_of_enum
from .profile import PROFILES
from .quiet import kept_quiet
from .reach import PATIENCE
from .states import SILENCE, state_of
from .submitted import State, Submitted

LAST_WORDS = 10.0  # seconds that messages may come after the end of a job
SLOWEST = 1.0  # seconds between two questions


def submit(pipeline: beam.Pipeline, run: Run, note: Callable[[Submitted], None]) -> None:
    """Runs a pipeline to its end; `pipeline` has the options that `runners.pipeline_options` gives for the run.

    Args:
        note: is called just before the job is submitted, and once more with its id; not at all where the job ends with the process.
    Raises:
        EngineFailed: a step raised; the text is the worker's traceback.
        UsageError: the workers aren't fit for the job.
        JobFailed: the engine failed.
    """
    asked = Asked(run.workers, run.beam)
    job = PROFILES[run.runner].submitted(asked, pipeline.options.view_as(GoogleCloudOptions).job_name or '')
    if job is None:
        if asked.value('direct_running_mode') == 'multi_processing':
            processes.run(pipeline)
        else:
            pipeline.run().wait_until_finish()
        return
    note(job)
    with kept_quiet(run.runner) as heard:
        result = _started(pipeline, job, heard)
        job = job.with_job(_id(result))
        note(job)
        if job.engine == 'dataflow':
            _wait_for_dataflow(result, job)
        else:
            _wait_for_service(result._job_service, job)


def _started(pipeline: beam.Pipeline, job: Submitted, heard: Sequence[str]) -> Any:
    """The running job, as Beam gives it."""
    try:
        return pipeline.run()
    except (grpc.RpcError, grpc.FutureTimeoutError, OSError) as error:
        reason = error.details() if isinstance(error, grpc.Call) else f'{type(error).__name__} {error}'.strip()
        raise JobFailed(f'{job}: could not be submitted ({first_line(reason)}); the same command tries again') from error
    except RuntimeError as error:
        if not str(error).startswith(('Service failed to start', 'Unable to fetch remote job server')):
            raise
        last = heard[-1] if heard else first_line(str(error))
        remedy = 'see to its Java and jar, or name a running one: --job_endpoint=HOST:PORT'
        raise UsageError(f'job server of {job.engine}: does not start ({last}); {remedy}') from error


def _id(result: Any) -> str:
    return str(result.job_id() if hasattr(result, 'job_id') else result._job_id)


def _wait_for_service(stub: Any, job: Submitted) -> None:
    """Listens to the job service that took the job; asks the cluster where it falls silent."""
    said: list[str] = []
    listener = threading.Thread(target=lambda: said.extend(errors(stub, job.job or '')), daemon=True)
    listener.start()
    heard, pause = time.monotonic(), 0.05
    while (state := _state(stub, job)) in (State.RUNNING, State.UNKNOWN):
        heard = heard if state is State.UNKNOWN else time.monotonic()
        if time.monotonic() - heard >= SILENCE:
            raise JobFailed(f'{job}: no answer for {SILENCE:.0f} s; it may still run: the same command looks for it again')
        if pause == SLOWEST:
            _end_if_hopeless(job)
        time.sleep(pause)
        pause = min(1.5 * pause, SLOWEST)
    listener.join(LAST_WORDS)
    if state is not State.DONE:
        raise failure(job.engine, said)


def _end_if_hopeless(job: Submitted) -> None:
    """Ends a job of Flink, which would try it again and again, where its workers can't do it.

    Raises:
        UsageError: they can't.
    """
    if job.engine != 'flink' or job.master is None:
        return
    text = flink_rest.error_of(job.master, job.name, ended=False)
    reason = unfit(job.engine, python_error(text) or '') if text else None
    if reason is not None:
        flink_rest.cancel(job.master, job.name)  # that of Beam's job service leaves it running
        raise UsageError(reason)


def _state(stub: Any, job: Submitted) -> State:
    try:
        return state_of_enum(stub.GetState(api.GetJobStateRequest(job_id=job.job), timeout=PATIENCE).state)
    except grpc.RpcError:
        return state_of(job)


def _wait_for_dataflow(result: Any, job: Submitted) -> None:
    from apache_beam.runners.dataflow.dataflow_runner import DataflowRuntimeException

    try:
        result.wait_until_finish()
    except DataflowRuntimeException as error:
        raise failure(job.engine, [str(error)]) from error
