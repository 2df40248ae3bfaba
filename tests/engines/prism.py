"""Prism, Beam's own portable engine: one host, with a worker pool."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tests.engines import workers
from tests.engines.answers import answers
from tests.engines.hosts import Host
from tests.engines.programs import Failed, HostProcess, Program
from tests.processes import wait_for

JOBS = 8073


@dataclass(eq=False)
class Prism:
    """An engine that runs.

    Attributes:
        pool: its host's worker pool.
    """

    host: Host
    engine: Program
    pool: Program

    @property
    def endpoint(self) -> str:
        """Its job server's address, as `--job_endpoint` says it."""
        return f'{self.host.address}:{JOBS}'

    @property
    def workers(self) -> list[HostProcess]:
        """Its Python workers: one for each job that runs."""
        return workers.workers_of(self.host)


def prism(host: Host, env: Mapping[str, str]) -> Prism:
    """Prism and a worker pool on a host, whose workers have that environment."""
    return Prism(host, _started(host), workers.worker_pool(host, env))


def _started(host: Host) -> Program:
    words = ['/mnt/engines/bin/prism', f'--job_port={JOBS}', '--serve_http=false', '--log_kind=text']
    program = host.start(words, 'prism')
    if not wait_for(lambda: answers(host.address, JOBS) or not program.is_running, 20) or not program.is_running:
        raise Failed(f'{host.name}: Prism did not come up:\n{program.tail()}')
    return program
