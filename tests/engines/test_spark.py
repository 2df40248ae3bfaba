"""Spark: a small job on a cluster of hosts that share nothing but a store. A contract with Beam's runner and with Spark."""

from __future__ import annotations

import pytest

from tests.engines.counting import assert_counted, said, submitted, texts_by_host
from tests.engines.hosts import Network
from tests.engines.s3_server import S3Server
from tests.engines.spark import SparkCluster, by_endpoint, by_jar, spark_cluster
from tests.engines.workers import workers_of
from tests.processes import wait_for

pytestmark = [pytest.mark.engines, pytest.mark.timeout(600)]
WAYS = {'endpoint': by_endpoint, 'jar': by_jar}


@pytest.fixture(scope='module')
def spark(hosts: Network, store: S3Server) -> SparkCluster:
    return spark_cluster(hosts, store.environment)


@pytest.mark.parametrize('way', WAYS)
def test_a_job_ends_well_and_both_hosts_do_a_share(way: str, spark: SparkCluster, store: S3Server) -> None:
    with submitted(way, store, WAYS[way](spark)) as job:
        assert said(job)[-1]['state'] == 'DONE'
    assert_counted(way, store)
    assert sum(texts_by_host(way, store).values()) == 24
    assert set(texts_by_host(way, store)) == {'work-1', 'work-2'}


def test_a_killed_python_worker_costs_a_task_and_nothing_else(spark: SparkCluster, store: S3Server) -> None:
    with submitted('killed', store, by_endpoint(spark), seconds=0.5) as job:
        assert wait_for(lambda: store.keys('killed', 'done/work-1/'), 120)
        workers_of(spark.works[0].host)[-1].kill()
        assert said(job)[-1]['state'] == 'DONE'
    assert spark.job_server is not None
    assert 'Lost task' in spark.job_server.said()
    assert_counted('killed', store)


def test_a_worker_kept_between_stages_is_not_replaced(spark: SparkCluster, store: S3Server) -> None:
    """Why a job must not ask for `--environment_cache_millis`: all four tries of a task go to the worker that is dead."""
    with submitted('kept', store, [*by_endpoint(spark), '--environment_cache_millis=60000'], seconds=0.5) as job:
        assert wait_for(lambda: store.keys('kept', 'done/work-1/'), 120)
        workers_of(spark.works[0].host)[-1].kill()
        _, errors = job.communicate(timeout=120)
    assert job.returncode == 1
    assert 'failed 4 times' in errors


def test_a_job_outlives_its_submitter(spark: SparkCluster, store: S3Server) -> None:
    with submitted('orphan', store, by_endpoint(spark), seconds=0.5) as job:
        assert wait_for(lambda: store.keys('orphan', 'done/'), 120)
        job.kill()
        assert [app['name'].rpartition('_')[0] for app in spark.ask()['activeapps']] == ['orphan']
    assert wait_for(lambda: not spark.ask()['activeapps'], 120)
    assert_counted('orphan', store)


def test_another_host_does_the_work_of_one_that_died(spark: SparkCluster, store: S3Server) -> None:
    with submitted('gone', store, by_endpoint(spark), seconds=0.5) as job:
        assert wait_for(lambda: store.keys('gone', 'done/work-2/'), 120)
        spark.works[1].worker.kill()
        assert wait_for(lambda: not spark.works[1].executors, 20)
        spark.add_work_host('work-3')
        assert said(job)[-1]['state'] == 'DONE'
    assert_counted('gone', store)
    spark.await_work_host(spark.works[1], is_there=False, seconds=90)
