"""Beam's job service, which prism is, and the job servers of Flink and Spark are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import grpc
from apache_beam.portability.api import beam_job_api_pb2 as api
from apache_beam.portability.api import beam_job_api_pb2_grpc as rpc

from .reach import PATIENCE
from .submitted import State

NAME = 'beam:option:job_name:v1'
STATES = {
    api.JobState.DONE: State.DONE,
    api.JobState.DRAINED: State.DONE,
    api.JobState.FAILED: State.FAILED,
    api.JobState.CANCELLED: State.FAILED,
}
CHANNEL = (('grpc.enable_http_proxy', 0), ('grpc.max_receive_message_length', -1))


@contextmanager
def service(endpoint: str) -> Iterator[rpc.JobServiceStub]:
    """The job service at HOST:PORT."""
    with grpc.insecure_channel(endpoint, CHANNEL) as channel:
        yield rpc.JobServiceStub(channel)


def state_at(endpoint: str, job: str | None, name: str) -> State:
    """How a job stands, by its id and name, or by its name alone.

    Ids alone don't tell: prism counts from job-001 every time that it is started.
    """
    try:
        with service(endpoint) as stub:
            jobs = stub.GetJobs(api.GetJobsRequest(), timeout=PATIENCE).job_info
    except grpc.RpcError:
        return State.UNKNOWN
    states = [state_of_enum(info.state) for info in jobs if _name(info) == name and job in (None, info.job_id)]
    return next((state for state in states if state is State.RUNNING), states[-1] if states else State.ENDED)


def state_of_enum(state: api.JobState.Enum.ValueType) -> State:
    """Beam's state of a job as ours."""
    return STATES.get(state, State.RUNNING)


def refusal(endpoint: str) -> str | None:
    """Why there is no job service, or None where there is one."""
    try:
        with service(endpoint) as stub:
            stub.DescribePipelineOptions(api.DescribePipelineOptionsRequest(), timeout=PATIENCE)
    except grpc.RpcError as error:
        return f'{error.code().name}' if isinstance(error, grpc.Call) else str(error)
    return None


def errors(stub: rpc.JobServiceStub, job: str, seconds: float | None = None) -> Iterator[str]:
    """What the service says of errors; ends with the job, with the service, or after so many seconds."""
    stream = stub.GetMessageStream(api.JobMessagesRequest(job_id=job), timeout=seconds)
    try:
        for message in stream:
            if message.message_response.importance == api.JobMessage.JOB_MESSAGE_ERROR:
                yield message.message_response.message_text
    except grpc.RpcError:
        pass  # whether the job is gone as well, its state tells
    finally:
        stream.cancel()


def ended_errors(endpoint: str, job: str) -> list[str]:
    """What the service at HOST:PORT says of the errors of a job that has ended."""
    with service(endpoint) as stub:
        return list(errors(stub, job, PATIENCE))


def _name(info: api.JobInfo) -> str:
    options = dict(info.pipeline_options)
    return str(options.get(NAME, info.job_name))
