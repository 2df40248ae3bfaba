"""Networks, stores and clusters for tests: one of each a module, as they are large."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.engines.archive import Archive
from tests.engines.archive import archive as make_archive
from tests.engines.engines import ENGINES as ENGINES_BY_NAME
from tests.engines.engines import Engine
from tests.engines.flink import FlinkCluster, flink_cluster
from tests.engines.hosts import CHECKOUT, ENGINES, Network, network
from tests.engines.namespaces import NotPermitted
from tests.engines.reference import Reference
from tests.engines.reference import reference as make_reference
from tests.engines.report import Report
from tests.engines.s3_server import S3Server, s3_server
from tests.engines.worker_env import WorkerEnvironment, worker_environment

REPORT = pytest.StashKey[Report]()


@pytest.fixture(scope='session')
def worker() -> WorkerEnvironment:
    """The Python of the workers."""
    if not ENGINES.is_dir():
        _absent('.engines/ is not there: make engines')
    return worker_environment(CHECKOUT, ENGINES)


@pytest.fixture(scope='module')
def hosts(worker: WorkerEnvironment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    """A network without hosts."""
    with ExitStack() as stack:
        try:
            made = stack.enter_context(network(tmp_path_factory.mktemp('hosts'), worker))
        except NotPermitted as error:
            _absent(str(error))
        yield made


@pytest.fixture(scope='module')
def store(hosts: Network) -> S3Server:
    """An S3 server without buckets."""
    return s3_server(hosts.host('store'))


@pytest.fixture(scope='module')
def flink(hosts: Network, store: S3Server) -> FlinkCluster:
    """A Flink cluster of a JobManager and two TaskManagers: `flink`, `task-1` and `task-2`."""
    return flink_cluster(hosts, store.environment)


@pytest.fixture(scope='session')
def archive(portraits_dir: Path, photos_dir: Path, labels_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Archive:
    """What the engines work on."""
    folder = tmp_path_factory.mktemp('inputs') / 'archive'
    folder.mkdir()
    return make_archive(folder, portraits_dir, photos_dir, labels_dir / 'fer2013-public-test.tar', labels_dir)


@pytest.fixture(scope='session')
def reference(archive: Archive, tmp_path_factory: pytest.TempPathFactory) -> Reference:
    """What the local runner makes of the archive."""
    return make_reference(archive, tmp_path_factory.mktemp('reference'))


@pytest.fixture(scope='module', params=ENGINES_BY_NAME)
def engine(
    request: pytest.FixtureRequest, worker: WorkerEnvironment, archive: Archive, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Engine]:
    """Each engine, one after the other, with a store of its own."""
    with ExitStack() as stack:
        try:
            made = stack.enter_context(network(tmp_path_factory.mktemp(request.param), worker))
            store = s3_server(made.host('store'))
        except NotPermitted as error:
            _absent(str(error))
        archive.put(store)
        yield stack.enter_context(ENGINES_BY_NAME[request.param](made, store))


@pytest.fixture(scope='session')
def report(request: pytest.FixtureRequest) -> Report:
    """Takes what the end of the log shows."""
    return request.config.stash.setdefault(REPORT, Report())


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Shows what each engine did, and how long it took."""
    for line in config.stash.get(REPORT, Report()).lines():
        terminalreporter.write_line(line)


def _absent(reason: str) -> None:
    pytest.fail(reason) if os.environ.get('CI') else pytest.skip(reason)
