"""Beam's Python worker pools: one a host, whose workers are processes that an engine asks for."""

from __future__ import annotations

from collections.abc import Mapping

from tests.engines.answers import answers
from tests.engines.hosts import Host
from tests.engines.programs import Failed, HostProcess, Program
from tests.processes import wait_for

PORT = 50000


def worker_pool(host: Host, env: Mapping[str, str]) -> Program:
    """Starts a pool, whose workers have its environment; it has to be ready before a job begins."""
    words = ['python', '-m', 'apache_beam.runners.worker.worker_pool_main', f'--service_port={PORT}']
    program = host.start(words, 'workers', env)
    if not wait_for(lambda: answers(host.address, PORT) or not program.is_running, 60) or not program.is_running:
        raise Failed(f'{host.name}: the worker pool did not come up:\n{program.tail()}')
    return program


def workers_of(host: Host) -> list[HostProcess]:
    """The Python workers that are alive on a host, the pool itself aside."""
    return [process for process in host.processes('sdk_worker') if process.words[1:2] == ('-c',)]
