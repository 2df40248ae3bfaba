"""A command that is told to end: within two seconds, with one line, and the same command goes on."""

import dataclasses
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mien.configs.load import load
from mien.configs.schema import LabelConfig
from mien.pipelines.label import label
from mien.pipelines.runners import Run
from tests.generated import make_photos
from tests.processes import (
    SLOW,
    add_slow,
    catches,
    children,
    done,
    finished_stamps,
    holder,
    left_over,
    lines,
    mien,
    running,
    stamps,
    wait_for,
)
from tests.snapshots import content

CONFIG = dataclasses.replace(load(LabelConfig, 'label'), whole_image=True, shards=16)
WORDS = {signal.SIGINT: 'interrupted', signal.SIGTERM: 'stopped'}


@pytest.fixture(scope='module')
def photos(tmp_path_factory):
    """64 photos, and one in the last shard that takes long."""
    folder = make_photos(tmp_path_factory.mktemp('signals') / 'in', 64)
    add_slow(folder)
    return folder


@pytest.fixture(scope='module')
def calm(photos, tmp_path_factory):
    """What a run gives that nobody disturbs."""
    out = tmp_path_factory.mktemp('calm') / 'out'
    label([str(photos)], str(out), CONFIG, Run())
    return content(out)


STAGES = {
    'start-up': lambda process, out: catches(process.pid, signal.SIGTERM),
    'listing': lambda process, out: any(Path(f'{out}.partial', made).exists() for made in ('_work/listing', 'plan')),
    'pipeline': lambda process, out: done(out) and holder(process.pid, SLOW),
}


@pytest.mark.slow
@pytest.mark.parametrize(('number', 'workers'), [(signal.SIGINT, 1), (signal.SIGTERM, 2)])
def test_told_to_end_at_any_stage_the_same_command_goes_on(photos, calm, tmp_path, number, workers):
    """One job is ended in its start-up, while it lists, and in the middle of a photo; then it is left in peace."""
    out = tmp_path / 'out'
    words = mien('label', photos, '--out', out, '--whole-image', '--shards', 16, '--workers', workers)
    for reached in STAGES.values():
        with running(words) as process:
            assert wait_for(lambda reached=reached, process=process: process.poll() is not None or reached(process, out))
            tree = children(process.pid)
            told = time.monotonic()
            process.send_signal(number)
            _, said = process.communicate()
            assert time.monotonic() - told < 2
        assert (process.returncode, lines(said)) == (128 + number, [f'mien: {WORDS[number]}; the same command goes on where it stopped'])
        assert left_over(tree) == []
    assert tree
    kept = finished_stamps(out)
    assert kept
    assert subprocess.run(words, capture_output=True).returncode == 0
    assert content(out) == calm
    assert kept.items() <= stamps(out).items(), 'a finished shard was done again'


@pytest.mark.parametrize(('goes_on', 'said'), [(True, 'stopped; the same command goes on where it stopped'), (False, 'stopped')])
def test_only_a_command_that_goes_on_says_so(goes_on, said):
    """Whatever runs then: threads are not waited for, nothing that would catch an exception is asked."""
    ended = python(
        'import threading, time',
        'threading.Thread(target=time.sleep, args=(60,)).start()',
        f'with ending_at_once({goes_on}):',
        '    try: os.kill(os.getpid(), signal.SIGTERM); time.sleep(60)',
        '    except BaseException: pass',
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (128 + signal.SIGTERM, '', f'mien: {said}\n')


def test_what_is_ignored_stays_ignored():
    """As `nohup` and a shell's background jobs have it."""
    ended = python(
        'signal.signal(signal.SIGINT, signal.SIG_IGN)',
        'with ending_at_once(True): os.kill(os.getpid(), signal.SIGINT)',
        'print(signal.getsignal(signal.SIGINT) is signal.SIG_IGN, signal.getsignal(signal.SIGTERM) is signal.SIG_DFL)',
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, 'True True\n', '')


def python(*code: str) -> subprocess.CompletedProcess:
    begin = 'import os, signal\nfrom mien.pipelines.signals import ending_at_once\n'
    return subprocess.run([sys.executable, '-c', begin + '\n'.join(code)], capture_output=True, text=True)
