"""One contract for all engines: a job gives the bytes that the local runner gives on a disk, and every host does a share.

A contract with Beam's runners, Flink, Spark, Prism and an S3 server.
"""

from __future__ import annotations

import pytest

from tests.engines.archive import BUCKET, Archive
from tests.engines.commands import files, label, leftovers, run, said
from tests.engines.engines import Engine
from tests.engines.reference import Reference
from tests.engines.report import Report
from tests.engines.s3_server import S3Server
from tests.processes import mien

pytestmark = [pytest.mark.engines, pytest.mark.timeout(900)]
SHARDS = 16


@pytest.fixture
def store(engine: Engine) -> S3Server:
    """The engine's own."""
    return engine.store


def assert_shared(engine: Engine, store: S3Server, out: str) -> dict[str, int]:
    """Every host has done some of the shards, and together all."""
    shares: dict[str, int] = said(store, out, 'run.json')['shards_by_host']
    assert sum(shares.values()) == SHARDS
    assert not engine.hosts or set(shares) == {host.name for host in engine.hosts}
    return shares


def test_label(engine: Engine, store: S3Server, reference: Reference, report: Report) -> None:
    ran = run(label('portraits', 'label', SHARDS, *engine.words), store)
    assert ran.status == 0, ran.said
    assert said(store, 'label')['files'] == files(reference.label)
    assert leftovers(store, 'label') == []
    report.row(engine.name, 'label', ran.seconds, assert_shared(engine, store, 'label'))


def test_previous(engine: Engine, store: S3Server, archive: Archive, reference: Reference, report: Report) -> None:
    night = store.bucket(BUCKET)
    for path in archive.portraits.rglob('*'):
        if path.is_file() and path.name not in reference.gone:
            night.put(f'tonight/portraits/{path.relative_to(archive.portraits)}', path.read_bytes())
    for name, data in reference.changed.items():
        night.put(f'tonight/portraits/{name}', data)
    ran = run(label('tonight/portraits', 'next', SHARDS, f'--previous=s3://{BUCKET}/label', *engine.words), store)
    assert ran.status == 0, ran.said
    assert said(store, 'next')['files'] == files(reference.next)
    report.row(engine.name, 'label --previous', ran.seconds, said(store, 'next', 'run.json')['shards_by_host'])


def test_build(engine: Engine, store: S3Server, archive: Archive, reference: Reference, report: Report) -> None:
    inputs = [f'fer2013=s3://{BUCKET}/{archive.faces.name}', f's3://{BUCKET}/portraits']
    words = [f'--config={archive.config}', archive.labels, f'--shards={SHARDS}']
    ran = run(mien('build', *inputs, '--out', f's3://{BUCKET}/build', *words, *engine.words), store, 800)
    assert ran.status == 0, ran.said
    assert said(store, 'build')['files'] == files(reference.build)
    assert said(store, 'build')['duplicates']['identical']['groups'] > 0
    assert leftovers(store, 'build') == []
    report.row(engine.name, 'build', ran.seconds, assert_shared(engine, store, 'build'))


def test_verify_reads_a_store(engine: Engine, store: S3Server) -> None:
    for out in ('label', 'build'):
        ran = run(mien('verify', f's3://{BUCKET}/{out}'), store)
        assert ran.status == 0, ran.said
