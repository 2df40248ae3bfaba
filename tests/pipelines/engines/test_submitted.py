"""What finds a job again, and how it then stands, against servers that answer as engines do."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien.configs.errors import JobFailed
from mien.pipelines.engines.failures import EngineFailed
from mien.pipelines.engines.states import is_alive, state_of, wait
from mien.pipelines.engines.submitted import State, Submitted, job_name
from mien.pipelines.surroundings import fault
from tests.servers import serving

DIGESTS = st.text('0123456789abcdef', min_size=12, max_size=12)


@given(DIGESTS, st.text(), st.text(), st.from_regex(r'[A-Za-z0-9]{0,60}', fullmatch=True))
def test_a_jobs_name_is_stable_and_one_that_dataflow_takes(digest, out, other, step):
    name = job_name(digest, out, step)
    assert re.fullmatch('[a-z]([-a-z0-9]{0,61}[a-z0-9])?', name)  # source: Dataflow's REST reference, projects.jobs, name
    assert name == job_name(digest, out, step)
    assert (job_name(digest, other, step) == name) == (out == other)


@given(st.builds(Submitted, st.text(), st.text(), *[st.none() | st.text()] * 3))
def test_what_is_noted_is_read_again(submitted):
    assert Submitted.from_json(submitted.to_json()) == submitted
    assert '\n' not in submitted.to_json()


def flink_jobs(*jobs):
    return {'/jobs/overview': {'jobs': [{'jid': f'{at}', 'name': name, 'state': state, 'start-time': at} for at, name, state in jobs]}}


@pytest.mark.parametrize(
    ('jobs', 'alive'),
    [
        ([(1, 'ours', 'RUNNING')], True),
        ([(1, 'ours', 'RESTARTING'), (2, 'ours', 'FAILED')], True),
        ([(1, 'ours', 'FAILED'), (2, 'ours', 'FINISHED')], False),
        ([(1, 'theirs', 'RUNNING')], False),
        ([], False),
    ],
)
def test_flink_knows_a_job_by_its_name(jobs, alive):
    with serving(flink_jobs(*jobs)) as master:
        assert is_alive(Submitted('flink', 'ours', master=f'http://{master}')) is alive


def test_the_last_try_of_a_job_is_the_one_that_counts():
    with serving(flink_jobs((1, 'ours', 'FAILED'), (2, 'ours', 'FINISHED'))) as master:
        assert state_of(Submitted('flink', 'ours', master=f'http://{master}')) is State.DONE


def test_nobody_to_ask_is_no_answer(nobody):
    assert is_alive(Submitted('flink', 'ours', 'ours_1', endpoint=nobody, master=f'http://{nobody}')) is None
    assert is_alive(Submitted('flink', 'ours', 'ours_1', endpoint=nobody)) is None
    assert is_alive(Submitted('prism', 'ours', 'job-001', endpoint=nobody)) is False  # prism is its jobs
    assert is_alive(Submitted('spark', 'ours', 'ours_1')) is False  # the driver was the command
    with pytest.raises(JobFailed, match=r'^flink job .*: no answer for 0 s; it may still run'):
        wait(Submitted('flink', 'ours', endpoint=nobody), silence=0)


def test_spark_calls_an_application_by_the_jobs_id():
    with serving({'/json/': {'activeapps': [{'name': 'ours_1'}], 'completedapps': [{'name': 'ours_0'}]}}) as master:
        alive = [is_alive(Submitted('spark', 'ours', job, '127.0.0.1:1', f'http://{master}')) for job in (None, 'ours_1', 'ours_0')]
        other = is_alive(Submitted('spark', 'our', None, '127.0.0.1:1', f'http://{master}'))
    assert (alive, other) == ([True, True, False], False)


def test_dataflow_knows_a_job_by_its_id_or_its_name_on_any_page(monkeypatch, tmp_path):
    monkeypatch.setenv('NO_GCE_CHECK', 'true')  # Google's library neither looks for its cloud nor finds a user
    monkeypatch.setenv('CLOUDSDK_CONFIG', str(tmp_path))
    monkeypatch.delenv('GOOGLE_APPLICATION_CREDENTIALS', raising=False)
    where = 'projects/p/locations/r'
    ours = {'name': 'ours', 'createTime': '2026-01-01'}
    pages = {
        f'/v1b3/{where}/jobs/id-1': {'currentState': 'JOB_STATE_DONE'},
        f'/v1b3/{where}/jobs/id-2': {'currentState': 'JOB_STATE_QUEUED'},
        f'/v1b3/{where}/jobs?name=ours&pageToken=': {'jobs': [ours | {'currentState': 'JOB_STATE_FAILED'}], 'nextPageToken': '2'},
        f'/v1b3/{where}/jobs?name=ours&pageToken=2': {'jobs': [ours | {'currentState': 'JOB_STATE_RUNNING'}]},
        f'/v1b3/{where}/jobs?name=none&pageToken=': {},
    }
    with serving(pages) as endpoint:
        asked = [('ours', 'id-1'), ('ours', 'id-2'), ('ours', None), ('none', None), ('ours', 'id-3')]
        states = [state_of(Submitted('dataflow', name, job, f'http://{endpoint}', where)) for name, job in asked]
    assert states == [State.DONE, State.RUNNING, State.RUNNING, State.ENDED, State.ENDED]


def test_the_error_of_a_job_that_failed_unwatched_is_found():
    trace = 'java.lang.RuntimeException: Error received from SDK harness for instruction 2: Traceback (most recent call last):\n'
    said = {'root-exception': trace + "OSError: [Errno 28] No space left on device: '/a'\n\n\tat org.apache.beam.Some.java(1)\n"}
    with serving(flink_jobs((7, 'ours', 'FAILED')) | {'/jobs/7/exceptions': said}) as master, pytest.raises(EngineFailed) as raised:
        wait(Submitted('flink', 'ours', master=f'http://{master}'))
    assert fault(raised.value).path == '/a'
