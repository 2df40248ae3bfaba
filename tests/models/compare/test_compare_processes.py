"""Child processes: why they failed, and that none outlives who started it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mien.models.compare.processes import run_logged, run_quiet, seconds_to_first_line
from mien.models.compare.training import epochs_seen

MODULE = 'does_what_it_is_told'


@pytest.fixture(autouse=True)
def module(tmp_path, monkeypatch):
    """A module that does what it is told, where the interpreter looks for one."""
    (tmp_path / f'{MODULE}.py').write_text('import sys\nexec(sys.argv[1])\n')
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ('code', 'status', 'reason'),
    [
        ('pass', 0, ''),
        ("import sys; print('mien: the disk is full', file=sys.stderr); print('bye'); sys.exit(1)", 1, 'the disk is full'),
        ("import sys; print('no more'); sys.exit(3)", 3, 'no more'),
        ("import sys; print('mien: warning: odd'); print('OOM', file=sys.stderr); sys.exit(1)", 1, 'OOM'),
        ('import sys; sys.exit(4)', 4, 'exit status 4'),
        ('import os; os.kill(os.getpid(), 9)', -9, 'killed by SIGKILL; memory may have run out'),
        ('import os; os.kill(os.getpid(), 11)', -11, 'killed by SIGSEGV'),
    ],
)
def test_a_process_that_fails_says_why_in_one_line(tmp_path, code, status, reason):
    told = []
    ended = run_logged(MODULE, [code], tmp_path / 'log', told.append)
    assert (ended.status, ended.reason) == (status, reason)
    assert (tmp_path / 'log').read_text().splitlines() == told == list(ended.lines)


def test_an_exception_is_told_by_its_last_line_and_the_log_holds_all_of_it(tmp_path):
    (tmp_path / 'log').write_text('before\n')
    ended = run_quiet(MODULE, ["print('answer'); import sys; sys.stderr.write('one\\nValueError: no'); sys.exit(1)"], tmp_path / 'log')
    assert (ended.lines, ended.reason) == (('answer',), 'ValueError: no')
    assert (tmp_path / 'log').read_text() == 'before\none\nValueError: no'


def test_the_clock_runs_from_the_start_to_the_first_line():
    assert 0.3 <= seconds_to_first_line(MODULE, ["import time; time.sleep(0.3); print('first', flush=True)"]) < 60
    with pytest.raises(subprocess.CalledProcessError):
        seconds_to_first_line(MODULE, ['import sys; sys.exit(1)'])


def test_no_child_outlives_a_parent_that_is_killed(tmp_path):
    sleeper = "import os, time; open('pid', 'w').write(str(os.getpid())); time.sleep(600)"
    parent = f"""
from pathlib import Path
from mien.models.compare.processes import run_logged
run_logged({MODULE!r}, [{sleeper!r}], Path('log'), print)
"""
    pid = tmp_path / 'pid'
    with subprocess.Popen([sys.executable, '-c', parent], cwd=tmp_path) as process:
        _wait(lambda: pid.is_file() and pid.read_text())
        assert _alive(int(pid.read_text()))
        process.send_signal(signal.SIGKILL)
    _wait(lambda: not _alive(int(pid.read_text())))


def test_the_last_epoch_of_a_log(tmp_path):
    log = tmp_path / 'log'
    assert epochs_seen(log) is None
    log.write_text('epoch 1/60  loss 1.0\nmien: killed\nepoch 2/60  loss 0.9\nsee epoch 9/60 there\n')
    assert epochs_seen(log) == 2


def _alive(pid: int) -> bool:
    stat = Path(f'/proc/{pid}/stat')
    try:
        return stat.read_text().rsplit(')', 1)[1].split()[0] != 'Z'
    except (FileNotFoundError, ProcessLookupError):
        return False


def _wait(until) -> None:
    ends = time.monotonic() + 30
    while not until():
        assert time.monotonic() < ends
        time.sleep(0.05)


def test_pipes_do_not_leak(tmp_path):
    before = len(os.listdir('/proc/self/fd'))
    for _ in range(3):
        run_logged(MODULE, ['pass'], tmp_path / 'log', str)
    assert len(os.listdir('/proc/self/fd')) == before
