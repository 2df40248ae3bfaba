"""Jobs that a real job service runs: Beam's own of Python, with workers in a pool of Beam's."""

import os
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import apache_beam as beam
import pytest

from mien.configs.errors import JobFailed, UsageError
from mien.pipelines.engines.failures import EngineFailed
from mien.pipelines.engines.preflight import findings
from mien.pipelines.engines.states import is_alive, state_of, wait
from mien.pipelines.engines.submit import submit
from mien.pipelines.engines.submitted import State
from mien.pipelines.engines.versions import check_worker, facts
from mien.pipelines.runners import Run, pipeline_options
from mien.pipelines.surroundings import Fault, fault
from tests.processes import wait_for
from tests.servers import serving

GO = 'go'


SERVICE = """
import sys
from apache_beam.runners.portability.local_job_service import LocalJobServicer
from apache_beam.runners.worker.worker_pool_main import BeamFnExternalWorkerPoolServicer
pool, workers = BeamFnExternalWorkerPoolServicer.start()
print(f'--job_endpoint=localhost:{LocalJobServicer().start_grpc_server()} --environment_config={pool}', flush=True)
sys.stdin.read()
"""
WITHOUT_MIEN = """
import sys
class Finder:
    def find_spec(name, path, target=None):
        if name.partition('.')[0] == 'mien':
            raise ModuleNotFoundError("No module named 'mien'")
sys.meta_path.insert(0, Finder)
"""


@contextmanager
def serving_jobs(first=''):
    """A job service and its workers in a process, and what a user says behind `--`. Workers can import the steps of this file."""
    here = Path(__file__)
    env = os.environ | {'PYTHONPATH': f'{here.parent}:{here.parents[3]}'}
    words = [sys.executable, '-c', first + SERVICE]
    with subprocess.Popen(words, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            yield process, tuple(process.stdout.readline().split())
        finally:
            process.kill()


@pytest.fixture(scope='module')
def service():
    """One for the tests that leave it alive."""
    with serving_jobs() as (_, said):
        yield said


def run_step(service, step, notes, name='mien-job', runner='prism'):
    """Submits a step over three numbers."""
    run = Run(runner, beam=service)
    pipeline = beam.Pipeline(options=pipeline_options(run, name))
    pipeline | beam.Create([1, 2, 3]) | beam.Reshuffle() | 'Step' >> beam.Map(step)
    submit(pipeline, run, notes.append)


def full(number):
    raise OSError(28, 'No space left on device', '/out/part')


def unlike(number):
    check_worker(replace(facts(), python='2.7'))


def waits(folder):
    """A step that says what it has begun, and ends once it may."""

    def step(number):
        (folder / f'{number}').touch()
        assert wait_for((folder / GO).exists)

    return step


def test_a_job_is_noted_before_and_after_it_is_given_away_and_waited_for(service, tmp_path, capfd):
    (tmp_path / GO).touch()
    notes = []
    run_step(service, waits(tmp_path), notes)
    before, after = notes
    assert {path.name for path in tmp_path.iterdir()} == {'1', '2', '3', GO}
    assert (before.name, before.job) == ('mien-job', None)
    assert after.job is not None
    assert after == before.with_job(after.job)
    assert [state_of(job) for job in (before, after, replace(after, name='other'))] == [State.DONE, State.DONE, State.ENDED]
    assert capfd.readouterr() == ('', '')


def test_a_job_that_another_submitted_is_found_alive_and_waited_for(service, tmp_path):
    notes = []
    thread = threading.Thread(target=run_step, args=(service, waits(tmp_path), notes, 'mien-slow'))
    thread.start()
    assert wait_for((tmp_path / '1').exists)
    before, after = notes
    assert [is_alive(job) for job in (before, after, replace(after, name='mien-job'))] == [True, True, False]
    threading.Timer(0.5, (tmp_path / GO).touch).start()
    wait(after)
    assert is_alive(after) is False
    thread.join()


def test_what_a_worker_raised_is_read_as_on_the_local_runner(service, capfd):
    with pytest.raises(EngineFailed) as raised:
        run_step(service, full, [])
    assert fault(raised.value) == Fault(28, '/out/part')
    assert capfd.readouterr() == ('', '')


def test_a_worker_that_differs_ends_the_job_with_one_line(service):
    with pytest.raises(UsageError, match=r'^workers differ from the submitter: \S+ has python 3\.\d+ \(submitter: 2\.7\); install there'):
        run_step(service, unlike, [])


def test_workers_without_mien_are_told_apart_from_a_step_that_fails():
    with (
        serving_jobs(WITHOUT_MIEN) as (_, said),
        pytest.raises(UsageError, match=r"^workers of prism: No module named 'mien'; install the"),
    ):
        run_step(said, unlike, [])


def test_an_engine_that_dies_with_the_job_is_one_line(tmp_path, capfd):
    notes = []
    with serving_jobs() as (process, said):
        killer = threading.Thread(target=lambda: wait_for((tmp_path / '1').exists) and process.kill())
        killer.start()
        with pytest.raises(JobFailed, match=r'^prism failed: it gave no reason.*; what is finished is kept: .* the same command goes on$'):
            run_step(said, waits(tmp_path), notes)
        killer.join()
    assert is_alive(notes[-1]) is False
    assert capfd.readouterr() == ('', '')


def test_flink_does_not_try_again_and_again_what_its_workers_cannot_do(service, tmp_path):
    """The cluster's part is played by a server; the job is real, and would wait for long."""
    trace = 'java.lang.RuntimeException: Traceback (most recent call last):\nmien.WrongWorker: workers differ from the submitter: x'
    pages = {
        '/jobs/overview': {'jobs': [{'jid': '7', 'name': 'mien-again', 'state': 'RESTARTING', 'start-time': 1}]},
        '/jobs/7/exceptions': {'root-exception': f"{trace} [while running 'Step']\n\tat A.b(A.java:1)\n"},
    }
    cancelled = []
    with serving(pages, cancelled) as master, pytest.raises(UsageError, match=r'^workers differ from the submitter: x$'):
        run_step((*service, f'--flink_master={master}'), waits(tmp_path), [], 'mien-again', 'flink')
    (tmp_path / GO).touch()
    assert cancelled == ['/jobs/7?mode=cancel']


def test_a_job_service_that_answers_is_nothing_to_speak_of(service):
    assert list(findings(Run('prism', beam=service), [])) == []


def test_the_local_runner_notes_nothing():
    run = Run()
    pipeline = beam.Pipeline(options=pipeline_options(run, 'name'))
    pipeline | beam.Create([1])
    submit(pipeline, run, pytest.fail)
