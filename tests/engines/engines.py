"""Every engine by one interface: what a person says to use it, and whose hosts must have a share of the work."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.engines import prism, spark
from tests.engines.flink import FlinkCluster, flink_cluster, job_server_jar
from tests.engines.hosts import Host, Network
from tests.engines.s3_server import S3Server
from tests.engines.workers import workers_of
from tests.processes import children, is_alive

WORKERS = (b'sdk_worker_main', b'mien.transforms.child')


@dataclass(eq=False)
class Engine:
    """An engine that runs.

    Attributes:
        words: what stands behind a command of mien to run it there.
        store: what it reads and writes, with the archive in it.
        hosts: where workers are; none: they are of the command's own process, or its children.
        cluster: what the engine's own module knows of it.
        survives: a job goes on by itself where a worker is killed.
        outlives: a job goes on where its command is killed.
    """

    name: str
    store: S3Server
    words: tuple[str, ...]
    hosts: tuple[Host, ...] = ()
    cluster: Any = None
    survives: bool = True
    outlives: bool = False

    def kill_a_worker(self, command: int, name: str) -> None:
        """Ends a Python worker of a host that has one, or, on this machine, a child of the command."""
        for host in self.hosts:
            if host.name == name:
                workers_of(host)[0].kill()
                return
        os.kill(min(filter(is_alive, children(command)), key=_rank), signal.SIGKILL)

    def lose_a_host(self) -> None:
        """Cuts a host off, or of Spark, which looks for it for minutes then, its power; and has another one join."""
        if isinstance(self.cluster, FlinkCluster):
            self.cluster.tasks[1].host.cut_off()
            self.cluster.add_task_host('task-3')
        else:
            self.cluster.works[1].host.power_off()
            self.cluster.add_work_host('work-3')


def _rank(child: int) -> int:
    """Workers of Beam's come first; where they are threads, it is the child that meets the photos."""
    words = Path(f'/proc/{child}/cmdline').read_bytes()
    if words.startswith(b'/bin/sh'):  # Beam starts each by one, which waits
        return len(WORKERS)
    return next((rank for rank, name in enumerate(WORKERS) if name in words), len(WORKERS))


@contextmanager
def local(network: Network, store: S3Server) -> Iterator[Engine]:
    """Two threads."""
    yield Engine('local', store, ('--workers=2',))


@contextmanager
def processes(network: Network, store: S3Server) -> Iterator[Engine]:
    """Two processes of one machine."""
    yield Engine('processes', store, ('--workers=2', '--', '--direct_running_mode=multi_processing'), survives=False)


@contextmanager
def on_prism(network: Network, store: S3Server) -> Iterator[Engine]:
    """One host."""
    made = prism.prism(network.host('prism'), store.environment)
    words = ('--runner=prism', '--', f'--job_endpoint={made.endpoint}', f'--artifact_endpoint={made.endpoint}')
    yield Engine('prism', store, words, (made.host,), made, survives=False, outlives=True)


@contextmanager
def on_flink(network: Network, store: S3Server) -> Iterator[Engine]:
    """Two hosts; the command starts a job server of its own."""
    cluster = flink_cluster(network, store.environment)
    yield Engine('flink', store, flink_words(cluster), tuple(task.host for task in cluster.tasks), cluster, outlives=True)


@contextmanager
def on_spark(network: Network, store: S3Server) -> Iterator[Engine]:
    """Two hosts, by a job server that runs beside the master."""
    cluster = spark.spark_cluster(network, store.environment)
    words = ('--runner=spark', '--', f'--job_endpoint={cluster.endpoint}', f'--spark_master_url={cluster.master}')
    yield Engine('spark', store, words, tuple(work.host for work in cluster.works), cluster, outlives=True)


def flink_words(cluster: FlinkCluster) -> tuple[str, ...]:
    """As a user says it; the jar stands for the one that Beam would fetch."""
    return ('--runner=flink', '--', f'--flink_master={cluster.master}', f'--flink_job_server_jar={job_server_jar()}')


ENGINES: dict[str, Callable[[Network, S3Server], Any]] = {
    'local': local,
    'processes': processes,
    'prism': on_prism,
    'flink': on_flink,
    'spark': on_spark,
}
