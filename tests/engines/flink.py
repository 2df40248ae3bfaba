"""A Flink cluster of several hosts: a JobManager with Beam's job server, and TaskManagers, each with a Python worker pool of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.engines import workers
from tests.engines.answers import answers, get_json
from tests.engines.hosts import ENGINES, Host, Network
from tests.engines.java import java, one_jar
from tests.engines.programs import Failed, Program
from tests.processes import wait_for

REST, JOBS = 8081, 8099
DRIVER = 'org.apache.beam.runners.flink.FlinkJobServerDriver'
JOB_MANAGER = 'org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint'
TASK_MANAGER = 'org.apache.flink.runtime.taskexecutor.TaskManagerRunner'
FLINK, BEAM = '/mnt/engines/flink/lib/*', '/mnt/engines/flink-job-server.jar'
LOG = """
rootLogger.level = INFO
rootLogger.appenderRef.console.ref = Console
appender.console.name = Console
appender.console.type = CONSOLE
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{HH:mm:ss.SSS} %-5p %c{1} %m%n
"""
# What a TaskManager that Flink's own scripts start would work out by itself.
MEMORY = {
    'taskmanager.cpu.cores': '1.0',
    'taskmanager.memory.task.heap.size': '384m',
    'taskmanager.memory.task.off-heap.size': '128m',
    'taskmanager.memory.managed.size': '128m',
    'taskmanager.memory.network.min': '256m',
    'taskmanager.memory.network.max': '256m',
    'taskmanager.memory.framework.heap.size': '128m',
    'taskmanager.memory.framework.off-heap.size': '128m',
    'taskmanager.memory.jvm-metaspace.size': '256m',
    'taskmanager.memory.jvm-overhead.min': '192m',
    'taskmanager.memory.jvm-overhead.max': '192m',
}
CONFIG = {
    'jobmanager.bind-host': '0.0.0.0',
    'rest.bind-address': '0.0.0.0',
    'rest.port': str(REST),
    'taskmanager.bind-host': '0.0.0.0',
    'taskmanager.numberOfTaskSlots': '1',
    'io.tmp.dirs': '/tmp',
    'restart-strategy.type': 'fixed-delay',
    'restart-strategy.fixed-delay.attempts': '20',
    'restart-strategy.fixed-delay.delay': '1 s',
    'heartbeat.interval': '1000',
    'heartbeat.timeout': '10000',
    'blob.service.cleanup.interval': '20',  # seconds: each job brings 160 MB of jars to every host
    **MEMORY,
}


@dataclass(eq=False)
class TaskHost:
    """A host that does the work."""

    host: Host
    manager: Program
    pool: Program


@dataclass(eq=False)
class FlinkCluster:
    """A cluster that runs.

    Attributes:
        env: the environment of the Python workers.
        config: what its config.yaml says.
    """

    network: Network
    env: Mapping[str, str]
    config: Mapping[str, str]
    host: Host
    manager: Program
    job_server: Program | None = None
    tasks: list[TaskHost] = field(default_factory=list)

    @property
    def master(self) -> str:
        """Its REST address, as `--flink_master` says it."""
        return f'{self.host.address}:{REST}'

    @property
    def endpoint(self) -> str:
        """Its job server's address, as `--job_endpoint` says it."""
        return f'{self.host.address}:{JOBS}'

    def ask(self, path: str) -> Any:
        """What its REST interface says, e.g. to `jobs/overview`."""
        return get_json(f'http://{self.master}/{path}')

    def jobs(self) -> list[dict[str, Any]]:
        """Its jobs, by their start: `jid`, `name`, `state`, `start-time`, ..."""
        return sorted(self.ask('jobs/overview')['jobs'], key=lambda job: job['start-time'])

    def add_task_host(self, name: str) -> TaskHost:
        """Starts a TaskManager and a worker pool on a new host, and waits until it has joined."""
        host = self.network.host(name)
        pool = workers.worker_pool(host, self.env)
        config = _configured(host, self.config, self.host.address, {'taskmanager.host': host.address, 'taskmanager.resource-id': name})
        words = java(512, [FLINK], '-XX:MaxDirectMemorySize=512m', config, TASK_MANAGER, '-c', '/tmp/conf')
        task = TaskHost(host, host.start(words, 'taskmanager'), pool)
        self.tasks.append(task)
        self.await_task_host(name)
        return task

    def await_task_host(self, name: str, is_there: bool = True, seconds: float = 60.0) -> None:
        """Waits until the JobManager knows a TaskManager, or has given it up.

        Raises:
            Failed: it does not come about in time.
        """
        if not wait_for(lambda: (name in self.task_managers()) == is_there, seconds):
            raise Failed(f'{name}: its TaskManager {"did not join" if is_there else "is still counted"} after {seconds:.0f} s')

    def task_managers(self) -> list[str]:
        """The names of the hosts whose TaskManagers the JobManager counts."""
        return sorted(manager['id'] for manager in self.ask('taskmanagers')['taskmanagers'])

    def start_job_server(self) -> None:
        """Starts Beam's job server on the JobManager's host, anew."""
        words = [f'--flink-master={self.master}', f'--job-host={self.host.address}', f'--job-port={JOBS}']
        more = ['--artifact-port=8098', '--expansion-port=8097', '--artifacts-dir=/tmp/artifacts']
        program = self.host.start([*java(512, [BEAM], LOG_TO, DRIVER), *words, *more], 'job-server')
        self.job_server = program
        _await(program, self.host.address, JOBS)


LOG_TO = '-Dlog4j.configurationFile=file:/tmp/conf/log4j-console.properties'


def flink_cluster(network: Network, env: Mapping[str, str], tasks: int = 2, **config: str) -> FlinkCluster:
    """A cluster with so many TaskManagers, each on a host of its own: `task-1`, `task-2`, ...; `config` adds to its config.yaml."""
    job_server_jar()
    host = network.host('flink')
    said = CONFIG | config
    words = java(512, [FLINK], _configured(host, said, host.address, {}), JOB_MANAGER, '-c', '/tmp/conf')
    cluster = FlinkCluster(network, env, said, host, host.start(words, 'jobmanager'))
    _await(cluster.manager, host.address, REST)
    cluster.start_job_server()
    for number in range(1, tasks + 1):
        cluster.add_task_host(f'task-{number}')
    return cluster


def job_server_jar() -> Path:
    """The jar that `--flink_job_server_jar` names."""
    return one_jar(ENGINES / 'flink-job-server.jar', ENGINES / 'flink-job-server', DRIVER)


def _configured(host: Host, config: Mapping[str, str], master: str, more: Mapping[str, str]) -> str:
    """Writes a host's configuration, and says where its log goes."""
    folder = host.folder / 'conf'
    folder.mkdir()
    said = dict(config) | {'jobmanager.rpc.address': master, 'rest.address': master} | dict(more)
    (folder / 'config.yaml').write_text(''.join(f'{name}: {value}\n' for name, value in sorted(said.items())))
    (folder / 'log4j-console.properties').write_text(LOG)
    return LOG_TO


def _await(program: Program, address: str, port: int) -> None:
    if not wait_for(lambda: answers(address, port) or not program.is_running, 90) or not program.is_running:
        raise Failed(f'{program.log.name}: nobody listens at {address}:{port}:\n{program.tail()}')
