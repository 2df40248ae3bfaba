"""Prism: a small job on a host of its own. A contract with Beam's portable engine."""

from __future__ import annotations

import pytest

from tests.engines.counting import assert_counted, said, submitted, texts_by_host
from tests.engines.hosts import Network
from tests.engines.prism import Prism, by_endpoint, prism
from tests.engines.s3_server import S3Server
from tests.processes import wait_for

pytestmark = [pytest.mark.engines, pytest.mark.timeout(300)]


@pytest.fixture(scope='module')
def engine(hosts: Network, store: S3Server) -> Prism:
    return prism(hosts.host('prism'), store.environment)


def test_a_job_ends_well(engine: Prism, store: S3Server) -> None:
    with submitted('well', store, by_endpoint(engine)) as job:
        assert said(job)[-1]['state'] == 'DONE'
    assert_counted('well', store)
    assert texts_by_host('well', store) == {'prism': 24}


def test_a_killed_worker_fails_the_job_at_once_and_not_the_next(engine: Prism, store: S3Server) -> None:
    with submitted('killed', store, by_endpoint(engine), seconds=0.5) as job:
        assert wait_for(lambda: store.keys('killed', 'done/'), 60)
        engine.workers[-1].kill()
        _, errors = job.communicate(timeout=30)
    assert job.returncode == 1
    assert 'SDK worker disconnected' in errors
    assert not store.keys('killed', 'counts/')
    with submitted('next', store, by_endpoint(engine)) as job:
        assert said(job)[-1]['state'] == 'DONE'


def test_the_engine_starts_again_and_counts_from_one(engine: Prism, store: S3Server) -> None:
    engine.start_again()
    with submitted('again', store, by_endpoint(engine)) as job:
        first, last = said(job)
    assert first['job'] == 'job-001'
    assert last['state'] == 'DONE'
    assert_counted('again', store)
