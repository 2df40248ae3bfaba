"""A Spark cluster of several hosts: a master with Beam's job server, and workers, each with a Python worker pool of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.engines import workers
from tests.engines.answers import answers, get_json
from tests.engines.hosts import Host, Network
from tests.engines.java import java
from tests.engines.programs import Failed, HostProcess, Program
from tests.processes import wait_for

MASTER, WEB, JOBS = 7077, 8080, 8099
DRIVER = 'org.apache.beam.runners.spark.SparkJobServerDriver'
JARS = '/mnt/engines/spark'
# Source: org.apache.spark.launcher.JavaModuleOptions of 3.5, less what java.OPENS holds.
MORE_OPENS = ('java.lang.invoke', 'jdk.internal.ref', 'sun.nio.cs', 'sun.security.action', 'sun.util.calendar')
OPENS = [f'--add-opens=java.base/{name}=ALL-UNNAMED' for name in MORE_OPENS]
CONFIG = {
    'spark.executor.memory': '768m',
    'spark.ui.enabled': 'false',  # its pages are looked for in folders, which a jar of many jars doesn't have
    'spark.locality.wait': '0s',
    'spark.scheduler.minRegisteredResourcesRatio': '1.0',  # of spark.cores.max: or the first executor to start takes all tasks
}


@dataclass(eq=False)
class WorkHost:
    """A host that does the work.

    Attributes:
        worker: Spark's, which starts an executor for each job; both die together.
        pool: of Python workers.
    """

    host: Host
    worker: Program
    pool: Program

    @property
    def executors(self) -> list[HostProcess]:
        """Spark's processes of the jobs that run."""
        return self.host.processes('CoarseGrainedExecutorBackend')


@dataclass(eq=False)
class SparkCluster:
    """A cluster that runs.

    Attributes:
        env: the environment of the Python workers.
        config: Spark's settings, of a job server.
    """

    network: Network
    env: Mapping[str, str]
    config: Mapping[str, str]
    host: Host
    manager: Program
    job_server: Program | None = None
    works: list[WorkHost] = field(default_factory=list)

    @property
    def master(self) -> str:
        """As `--spark_master_url` says it."""
        return f'spark://{self.host.address}:{MASTER}'

    @property
    def web(self) -> str:
        """The address of the master's web page."""
        return f'{self.host.address}:{WEB}'

    @property
    def endpoint(self) -> str:
        """Its job server's address, as `--job_endpoint` says it."""
        return f'{self.host.address}:{JOBS}'

    @property
    def properties(self) -> list[str]:
        """Java's words for the settings."""
        return [f'-D{name}={value}' for name, value in self.config.items()]

    def ask(self) -> dict[str, Any]:
        """What its master knows: `workers`, `activeapps`, `completedapps`, ...; applications are called by the ids of Beam's jobs."""
        return dict(get_json(f'http://{self.web}/json/'))

    def work_hosts(self) -> list[str]:
        """The addresses of the hosts whose workers the master counts."""
        return sorted(worker['host'] for worker in self.ask()['workers'] if worker['state'] == 'ALIVE')

    def add_work_host(self, name: str) -> WorkHost:
        """Starts a worker and a worker pool on a new host, and waits until it has joined."""
        host = self.network.host(name)
        work = WorkHost(host, _worker(host, self.master), workers.worker_pool(host, self.env))
        self.works.append(work)
        self.await_work_host(work)
        return work

    def await_work_host(self, work: WorkHost, is_there: bool = True, seconds: float = 60.0) -> None:
        """Waits until the master counts a worker, or has given it up.

        Raises:
            Failed: it does not come about in time.
        """
        if not wait_for(lambda: (work.host.address in self.work_hosts()) == is_there, seconds):
            raise Failed(f'{work.host.name}: its worker {"did not join" if is_there else "is still counted"} after {seconds:.0f} s')

    def start_job_server(self) -> None:
        """Starts Beam's job server on the master's host, anew. It is the driver: the jobs of the one before end with it."""
        words = [f'--spark-master-url={self.master}', f'--job-host={self.host.address}', f'--job-port={JOBS}']
        more = ['--artifact-port=8098', '--expansion-port=8097', '--artifacts-dir=/tmp/artifacts']
        program = self.host.start([*_java(768, *self.properties, DRIVER), *words, *more], 'job-server', _env(self.host))
        self.job_server = program
        _await(program, self.host.address, JOBS)


def spark_cluster(network: Network, env: Mapping[str, str], works: int = 2, **config: str) -> SparkCluster:
    """A cluster with so many workers, each on a host of its own: `work-1`, `work-2`, ...; `config` adds to Spark's settings."""
    host = network.host('spark')
    words = ['--host', host.address, '--port', MASTER, '--webui-port', WEB]
    manager = host.start([*_java(256, 'org.apache.spark.deploy.master.Master'), *words], 'master', _env(host))
    cluster = SparkCluster(network, env, CONFIG | {'spark.cores.max': str(works)} | config, host, manager)
    _await(manager, host.address, WEB)
    cluster.start_job_server()
    for number in range(1, works + 1):
        cluster.add_work_host(f'work-{number}')
    return cluster


def _worker(host: Host, master: str) -> Program:
    """Starts Spark's worker, which wants a folder that looks like an installation."""
    home = host.folder / 'spark'
    home.mkdir()
    (home / 'RELEASE').touch()
    (home / 'jars').symlink_to(JARS)
    words = ['--host', host.address, '--cores', 1, '--memory', '1g', '--webui-port', 8081, master]
    return host.start([*_java(256, 'org.apache.spark.deploy.worker.Worker'), *words], 'worker', _env(host))


def _java(heap: int, *rest: str) -> list[str]:
    return java(heap, [f'{JARS}/*'], *OPENS, *rest)


def _env(host: Host) -> dict[str, str]:
    return {'SPARK_LOCAL_IP': host.address, 'SPARK_SCALA_VERSION': '2.12', 'SPARK_HOME': '/tmp/spark'}


def _await(program: Program, address: str, port: int) -> None:
    if not wait_for(lambda: answers(address, port) or not program.is_running, 90) or not program.is_running:
        raise Failed(f'{program.log.name}: nobody listens at {address}:{port}:\n{program.tail()}')
