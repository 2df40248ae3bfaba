"""What Flink, Spark and prism share: workers that wait in a pool, a job service to submit to."""

from __future__ import annotations

from collections.abc import Iterator

from .asked import Asked
from .finding import Finding
from .job_service import refusal
from .reach import Address, address

POOL = 'localhost:50000'  # beside every worker of the engine


def workers_in_pool(asked: Asked) -> list[str]:
    """The environment of a worker pool on each host of the engine, unless the user says another one."""
    if asked.says('environment_type'):
        return []
    where = [] if asked.says('environment_config', 'environment_option', 'environment_options') else [f'--environment_config={POOL}']
    return ['--environment_type=EXTERNAL', *where]


def endpoint(asked: Asked) -> Address | None:
    """Where the job service is that the user names."""
    said = asked.local('job_endpoint')
    return None if said is None else address('job_endpoint', said)


def endpoint_text(asked: Asked) -> str | None:
    """The same as `HOST:PORT`."""
    where = endpoint(asked)
    return None if where is None else str(where)


def loopback(asked: Asked) -> bool:
    """Whether the workers are threads of the submitter."""
    return asked.value('environment_type') == 'LOOPBACK'


def service_findings(engine: str, where: Address) -> Iterator[Finding]:
    """No job service at the endpoint that the user names."""
    reason = where.refusal()
    if reason is not None:
        yield Finding(f'--job_endpoint {where}: nobody there ({reason}); start the job service of {engine} or check host and port')
    elif (answer := refusal(str(where))) is not None:
        yield Finding(f'--job_endpoint {where}: no job service of Beam answers ({answer}); check the port, by default 8099, for prism 8073')
