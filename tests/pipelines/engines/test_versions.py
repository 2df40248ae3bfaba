"""What workers run is compared with what the submitter runs; and who starts a job server takes it along."""

import os
import signal
import subprocess
import sys
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import pytest

from mien.pipelines.engines.versions import Facts, WrongWorker, check_worker, differences, facts
from tests.processes import children, left_over, running, wait_for

OURS = Facts('3.11', (('mien', '1'), ('obstore', '0.8'), ('pyarrow', '20')), 'aaaa')


@pytest.mark.parametrize(
    ('worker', 'said'),
    [
        (OURS, []),
        (replace(OURS, python='3.12'), ['python 3.12 (submitter: 3.11)']),
        (replace(OURS, code='bbbb'), ['mien 1 of code bbbb (submitter: aaaa)']),
        (
            Facts('3.11', (('mien', '2'), ('obstore', ''), ('pyarrow', '20')), 'bbbb'),
            ['mien 2 (submitter: 1)', 'obstore none (submitter: 0.8)'],
        ),
        (replace(OURS, packages=OURS.packages[:1]), ['obstore none (submitter: 0.8)', 'pyarrow none (submitter: 20)']),
    ],
)
def test_what_differs_is_named_with_both_versions(worker, said):
    assert differences(OURS, worker) == said


def test_a_process_is_like_itself_and_unlike_another():
    found = facts()
    assert found.python == f'{sys.version_info.major}.{sys.version_info.minor}'
    assert dict(found.packages)['apache-beam'] == version('apache-beam')
    check_worker(found)
    with pytest.raises(WrongWorker, match=rf'^workers differ .* {os.uname().nodename} has mien .* \(submitter: \?\); install') as raised:
        check_worker(replace(found, code='?'))
    assert '\n' not in str(raised.value)


def test_another_process_of_this_installation_has_the_same_facts():
    code = 'from mien.pipelines.engines.versions import facts; print(facts())'
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True)
    facts.cache_clear()  # a file may have been edited since
    assert done.stdout == f'{facts()}\n'


@pytest.mark.skipif(sys.platform != 'linux', reason='the kernel of Linux is asked to')
def test_a_job_server_ends_with_the_process_that_started_it_however_that_goes():
    code = (
        'import subprocess, sys, time\n'
        "subprocess.Popen([sys.executable, '-m', 'mien.pipelines.engines.tied', 'sleep', '600'])\n"
        'time.sleep(600)'
    )
    with running([sys.executable, '-c', code]) as process:
        assert wait_for(lambda: [pid for pid in children(process.pid) if Path(f'/proc/{pid}/comm').read_text() == 'sleep\n'])
        (server,) = children(process.pid)
        os.kill(process.pid, signal.SIGKILL)
        assert left_over([server]) == []
