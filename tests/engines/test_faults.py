"""What may go wrong while a job runs, for real: each fault ends in the snapshot of a calm run, nothing lost and nothing double.

A contract with Beam's runners, Flink, Spark, Prism and an S3 server.
"""

from __future__ import annotations

import time

import pytest

from tests.engines.commands import await_done, done, files, kill, label, leftovers, run, said, started, worked
from tests.engines.engines import Engine
from tests.engines.reference import Reference
from tests.engines.report import Report
from tests.engines.s3_server import S3Server

pytestmark = [pytest.mark.engines, pytest.mark.timeout(900)]
SHARDS = 16
AWAY, LONG = 10, 80  # seconds; a store that is away is waited for during 60


def on(*engines: str) -> pytest.MarkDecorator:
    """Tries a fault on some engines alone: all on Flink, elsewhere what differs there."""
    return pytest.mark.parametrize('engine', engines, indirect=True, scope='module')


@pytest.fixture
def store(engine: Engine) -> S3Server:
    """The engine's own."""
    return engine.store


def job(engine: Engine, out: str) -> list[str]:
    """A job of some length: each photo takes a second."""
    return label('slow', out, SHARDS, *engine.words)


def report_row(report: Report, engine: Engine, out: str, what: str, before: float, ended: str = 'goes on by itself') -> None:
    """A fault that ended well."""
    shares = said(engine.store, out, 'run.json')['shards_by_host']
    report.row(engine.name, what, time.monotonic() - before, shares, ended)


def assert_equal(store: S3Server, out: str, reference: Reference) -> None:
    """The snapshot is the calm run's, and nothing else is there."""
    assert said(store, out)['files'] == files(reference.slow)
    assert leftovers(store, out) == []


@on('processes', 'prism', 'flink', 'spark')
def test_a_python_worker_is_killed(engine: Engine, store: S3Server, reference: Reference, report: Report) -> None:
    out, before = 'killed', time.monotonic()
    with started(job(engine, out), store) as command:
        await_done(store, out, 2)
        engine.kill_a_worker(command.pid, worked(store, out))
        text, _ = command.communicate(timeout=400)
    assert command.returncode == 0 or not engine.survives, text
    ended = gone_on(engine, out, text, command.returncode)
    assert_equal(store, out, reference)
    report_row(report, engine, out, 'a Python worker is killed', before, ended)


def gone_on(engine: Engine, out: str, text: str, status: int) -> str:
    """Has the same command go on after a failure, which kept the shards that were done; says what happened."""
    if status == 0:
        return 'goes on by itself'
    assert_failed_in_one_line(text, status)
    assert done(engine.store, out) >= 1
    ran = run(job(engine, out), engine.store)
    assert ran.status == 0, ran.said
    return 'fails, and the same command goes on'


def assert_failed_in_one_line(text: str, status: int) -> None:
    """Exit status 1 and a line that says how to go on."""
    lines = [line for line in text.splitlines() if not line.startswith('INFO: Created TensorFlow Lite')]
    assert status == 1, text
    assert lines[-1].startswith('mien: '), text
    assert 'same command' in lines[-1], text
    assert 'Traceback' not in text, text


@on('flink')
def test_the_store_is_away_for_ten_seconds(engine: Engine, store: S3Server, reference: Reference, report: Report) -> None:
    out, before = 'blink', time.monotonic()
    with started(job(engine, out), store) as command:
        await_done(store, out, 1)
        store.stop()
        time.sleep(AWAY)
        store.start()
        text, _ = command.communicate(timeout=400)
    assert command.returncode == 0, text
    assert_equal(store, out, reference)
    report_row(report, engine, out, f'the store is away for {AWAY} s', before)


@on('local', 'flink')
def test_the_store_is_away_for_long(engine: Engine, store: S3Server, reference: Reference, report: Report) -> None:
    out, before = 'dark', time.monotonic()
    with started(job(engine, out), store) as command:
        await_done(store, out, 1)
        store.stop()
        time.sleep(LONG)
        store.start()
        text, _ = command.communicate(timeout=400)
    ended = gone_on(engine, out, text, command.returncode)
    assert_equal(store, out, reference)
    report_row(report, engine, out, f'the store is away for {LONG} s', before, ended)


@on('prism', 'flink', 'spark')
def test_the_command_is_killed_and_repeated(engine: Engine, store: S3Server, reference: Reference, report: Report) -> None:
    out, before = 'orphan', time.monotonic()
    with started(job(engine, out), store) as command:
        await_done(store, out, 2)
        kill(command)
    ran = run(job(engine, out), store)
    assert ran.status == 0, ran.said
    assert ('waiting for its end' in ran.said) == engine.outlives, ran.said
    assert_equal(store, out, reference)
    ended = 'its job lived on and was waited for' if engine.outlives else 'its job died with it, the rest is done'
    report_row(report, engine, out, 'the command is killed, and repeated', before, ended)


@on('flink')
def test_the_command_is_killed_and_repeated_once_its_job_is_over(
    engine: Engine, store: S3Server, reference: Reference, report: Report
) -> None:
    out, before = 'over', time.monotonic()
    with started(job(engine, out), store) as command:
        await_done(store, out, 2)
        kill(command)
    await_done(store, out, SHARDS)
    time.sleep(5)
    ran = run(job(engine, out), store)
    assert ran.status == 0, ran.said
    assert_equal(store, out, reference)
    report_row(report, engine, out, 'the same, once the job is over', before)


@on('flink', 'spark')
def test_a_host_is_lost_and_another_one_joins(engine: Engine, store: S3Server, reference: Reference, report: Report) -> None:
    out, before = 'cut', time.monotonic()
    with started(job(engine, out), store) as command:
        await_done(store, out, 2)
        engine.lose_a_host()
        text, _ = command.communicate(timeout=500)
    ended = gone_on(engine, out, text, command.returncode)
    assert_equal(store, out, reference)
    report_row(report, engine, out, 'a host is lost, another one joins', before, ended)
