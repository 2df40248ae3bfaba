"""Flink: a small job on a cluster of hosts that share nothing but a store. A contract with Beam's runner and with Flink."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.engines.flink import FlinkCluster, by_endpoint, by_jar
from tests.engines.s3_server import S3Server
from tests.engines.workers import workers_of
from tests.processes import wait_for

pytestmark = [pytest.mark.engines, pytest.mark.timeout(600)]
JOB = Path(__file__).parent / 'jobs' / 'words.py'
TEXTS = {f'{number:02d}.txt': 'alpha ' * number + 'bread apple ' + 'cheese ' * (number % 3) for number in range(24)}
WAYS = {'endpoint': by_endpoint, 'jar': by_jar}


@contextmanager
def submitted(bucket: str, store: S3Server, options: list[str], seconds: float = 0.0) -> Iterator[subprocess.Popen[str]]:
    """The job, on texts of a bucket of its own."""
    store.make_bucket(bucket)
    for name, text in TEXTS.items():
        store.bucket(bucket).put(f'texts/{name}', text.encode())
    env = os.environ | store.environment | {'SECONDS': str(seconds)}
    with subprocess.Popen([sys.executable, str(JOB), bucket, *options], env=env, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def assert_counted(bucket: str, store: S3Server) -> None:
    """Compares what a job wrote with a count of our own; every text was read, and each host read some."""
    counts = {key[-1]: int(bytes(store.bucket(bucket).get(key).bytes())) for key in store.keys(bucket, 'counts/')}
    assert counts == Counter(word[0] for text in TEXTS.values() for word in text.split())
    read = [key.split('/')[1:] for key in store.keys(bucket, 'done/')]
    assert {name for _, name in read} == set(TEXTS)
    assert {host for host, _ in read} == {'task-1', 'task-2'}


@pytest.mark.parametrize('way', WAYS)
def test_a_job_ends_well_and_both_hosts_do_a_share(way: str, flink: FlinkCluster, store: S3Server) -> None:
    with submitted(way, store, [*WAYS[way](flink), f'--job_name=by-{way}']) as job:
        said = [json.loads(line) for line in job.communicate(timeout=300)[0].splitlines()]
    assert said[-1]['state'] == 'DONE'
    assert [found['state'] for found in flink.jobs() if found['name'] == f'by-{way}'] == ['FINISHED']
    assert_counted(way, store)


def test_a_killed_worker_costs_time_and_nothing_else(flink: FlinkCluster, store: S3Server) -> None:
    first, _ = flink.tasks
    with submitted('killed', store, [*by_endpoint(flink), '--job_name=killed'], seconds=0.5) as job:
        assert wait_for(lambda: store.keys('killed', 'done/task-1/'), 120)
        workers_of(first.host)[0].kill()
        said = [json.loads(line) for line in job.communicate(timeout=300)[0].splitlines()]
    assert said[-1]['state'] == 'DONE'
    assert 'CANCELLED' in flink.ask(f'jobs/{the_job(flink, "killed")}/exceptions')['root-exception']
    assert_counted('killed', store)


def test_a_job_outlives_its_submitter(flink: FlinkCluster, store: S3Server) -> None:
    with submitted('orphan', store, [*by_endpoint(flink), '--job_name=orphan'], seconds=0.5) as job:
        assert wait_for(lambda: store.keys('orphan', 'done/'), 120)
        job.kill()
    assert wait_for(lambda: flink.jobs()[-1]['state'] == 'FINISHED', 120)
    assert flink.jobs()[-1]['jid'] == the_job(flink, 'orphan')
    assert_counted('orphan', store)


def test_a_task_host_may_join_when_another_has_gone(flink: FlinkCluster, store: S3Server) -> None:
    with submitted('gone', store, [*by_endpoint(flink), '--job_name=gone'], seconds=0.5) as job:
        assert wait_for(lambda: store.keys('gone', 'done/task-2/'), 120)
        flink.tasks[1].host.cut_off()
        flink.add_task_host('task-3')
        flink.await_task_host('task-2', is_there=False)
        said = [json.loads(line) for line in job.communicate(timeout=300)[0].splitlines()]
    assert said[-1]['state'] == 'DONE'
    assert store.keys('gone', 'done/task-3/')
    flink.tasks[1].host.bring_back()
    flink.await_task_host('task-2')


def the_job(flink: FlinkCluster, name: str) -> str:
    """The id that Flink gave the only job of a name."""
    (job,) = [job['jid'] for job in flink.jobs() if job['name'] == name]
    return job


def test_the_store_comes_back_with_its_data(store: S3Server) -> None:
    store.make_bucket('kept')
    store.bucket('kept').put('a', b'1')
    store.stop()
    assert not store.program.is_running
    store.start()
    assert bytes(store.bucket('kept').get('a').bytes()) == b'1'
