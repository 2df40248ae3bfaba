"""What goes wrong around a job, done to real processes and a real disk: full, killed, met by a second one, its inputs changed."""

import contextlib
import dataclasses
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

from mien.configs.load import load
from mien.configs.schema import LabelConfig
from mien.pipelines.label import label
from mien.pipelines.plan import shard_of
from mien.pipelines.runners import Run
from mien.transforms.records import Status, image_id
from tests.bombs import jpeg
from tests.generated import make_photos
from tests.processes import (
    SLOW,
    add_slow,
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
from tests.small_disk import NotPermitted, small_disk
from tests.snapshots import content, rows

pytestmark = pytest.mark.slow

CONFIG = dataclasses.replace(load(LabelConfig, 'label'), whole_image=True, shards=8)
ENDLESS, DEADLY = jpeg(512, 512, 1, 40_000), jpeg(512, 512, 1, 40_001)  # several seconds each


@pytest.fixture(scope='module')
def photos(tmp_path_factory):
    """64 photos, so that shards are done before the last one is met, and one in that which takes long."""
    folder = make_photos(tmp_path_factory.mktemp('faults') / 'in', 64)
    add_slow(folder)
    return folder


@pytest.fixture(scope='module')
def calm(photos, tmp_path_factory):
    """What a run gives that nobody disturbs."""
    return content(calmly(photos, tmp_path_factory.mktemp('calm') / 'out'))


@pytest.fixture
def disk(tmp_path):
    """A tmpfs of one page."""
    try:
        with small_disk(tmp_path / 'disk', 4) as disk:
            yield disk
    except NotPermitted as error:
        pytest.fail(str(error)) if os.environ.get('CI') and os.geteuid() == 0 else pytest.skip(f'no tmpfs can be mounted: {error}')


def calmly(photos: Path, out: Path, config: LabelConfig = CONFIG) -> Path:
    label([str(photos)], str(out), config, Run())
    return out


def command(photos: Path, out: Path, *more: object) -> list[str]:
    return mien('label', photos, '--out', out, '--whole-image', '--shards', 8, *more)


def to_its_end(words: list[str]) -> None:
    finished = subprocess.run(words, capture_output=True, text=True)
    assert (finished.returncode, lines(finished.stderr)) == (0, []), finished.stderr


def in_the_slow_one(process: subprocess.Popen, out: Path, finished: int = 1) -> int:
    """Waits until so many shards are finished and a child has the slow photo in its hands; gives the child."""
    found: list[int] = []
    assert wait_for(lambda: len(done(out)) >= finished and found.extend(filter(None, [holder(process.pid, SLOW)])) is None and found)
    return found[0]


def test_a_full_disk_is_one_line_and_the_same_command_goes_on(photos, tmp_path, disk):
    """It is full again and again, and each time has some room more."""
    config = dataclasses.replace(CONFIG, limit=6, shards=4)
    calm = content(calmly(photos, tmp_path / 'calm', config))
    out, seen, kept = disk.folder / 'out', [], {}
    (disk.folder / 'full').write_bytes(bytes(4096))
    for kilobytes in (4, 20, *range(48, 400, 32)):
        disk.resize(kilobytes)
        run = subprocess.run(command(photos, out, '--limit', 6, '--shards', 4), capture_output=True, text=True)
        if not run.returncode:
            break
        seen.append(full_at(run, out))
        assert kept.items() <= stamps(out.with_name('out.partial')).items(), 'a finished shard was done again'
        kept = finished_stamps(out)
    assert seen[0] == '_work/lock'
    assert {'_work', 'plan'} < {path.split('/')[0] for path in seen}
    assert {'images', 'faces', 'labels'} & {path.split('/')[0] for path in seen}
    assert kept, 'no shard was finished on the way'
    assert kept.items() <= stamps(out).items(), 'a finished shard was done again'
    assert content(out) == calm


def full_at(run: subprocess.CompletedProcess, out: Path) -> str:
    """Checks how a run on a full disk ended; gives the file that had no room, below the unfinished folder."""
    said = rf"mien: output '{out}': No space left on device \({out}\.partial/(.+)\); what is finished is kept: make room, then the same "
    (line,) = lines(run.stderr)
    found = re.fullmatch(said + 'command goes on', line)
    assert found, line
    assert (run.returncode, run.stdout) == (1, '')
    return found[1]


def test_a_killed_child_costs_nothing(photos, calm, tmp_path):
    """Its photo is tried once more, alone."""
    with running(command(photos, tmp_path / 'out')) as process:
        os.kill(in_the_slow_one(process, tmp_path / 'out'), signal.SIGKILL)
        _, said = process.communicate()
    assert (process.returncode, lines(said)) == (0, [])
    assert content(tmp_path / 'out') == calm
    (again,) = tried_again(tmp_path / 'out')
    assert again.startswith('slow-')


def tried_again(out: Path) -> list[str]:
    return json.loads((out / 'run.json').read_text())['tried_again']


def test_a_photo_that_kills_twice_is_a_row_and_changes_no_other(photos, tmp_path):
    """One takes more than its time; the child that has the other one in its hands is killed, as often as it is."""
    healthy, hostile = make_photos(tmp_path / 'healthy', 16), make_photos(tmp_path / 'hostile', 16)
    (hostile / 'endless.jpg').write_bytes(ENDLESS)
    (hostile / 'deadly.jpg').write_bytes(DEADLY)
    calmly(healthy, tmp_path / 'calm')
    with running(command(hostile, tmp_path / 'out', '--max-seconds', 1)) as process, killing_whoever_holds(process.pid, DEADLY) as killed:
        _, said = process.communicate()
    assert (process.returncode, lines(said), len(killed)) == (0, [], 2)
    images = {row['uri']: row for row in rows(tmp_path / 'out', 'images')}
    found = {uri: (row['status'], row['detail']) for uri, row in images.items() if row['status'] != Status.OK}
    assert found == {
        'endless.jpg': ('timeout', 'took more than 1 s of processor time'),
        'deadly.jpg': ('crashed', 'the decoder died of SIGSEGV'),
    }
    assert tried_again(tmp_path / 'out') == ['deadly.jpg', 'endless.jpg']
    for table in ('images', 'faces', 'labels'):
        others = [row for row in rows(tmp_path / 'out', table) if row['uri'] not in found]
        assert others == rows(tmp_path / 'calm', table)


@contextlib.contextmanager
def killing_whoever_holds(pid: int, data: bytes):
    """Kills each child that has a photo in its hands; gives those killed so far."""
    killed: list[int] = []
    ended = threading.Event()

    def watch():
        while not ended.wait(0.005):
            child = holder(pid, data)
            if child is not None and child not in killed:
                killed.append(child)
                os.kill(child, signal.SIGSEGV)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield killed
    finally:
        ended.set()
        thread.join()


def test_law_6_of_two_runs_at_once_one_works_and_the_other_says_who(photos, calm, tmp_path):
    with running(command(photos, tmp_path / 'out')) as first:
        in_the_slow_one(first, tmp_path / 'out')
        os.kill(first.pid, signal.SIGSTOP)
        second = subprocess.run(command(photos, tmp_path / 'out'), capture_output=True, text=True)
        os.kill(first.pid, signal.SIGCONT)
        first.communicate()
    assert (first.returncode, second.returncode, second.stdout) == (0, 2, '')
    holds = rf"mien: output '{tmp_path}/out' is being written by process {first.pid}, started [-0-9]+ [:0-9]+; wait for it or stop it\n"
    assert re.fullmatch(holds, second.stderr), second.stderr
    assert content(tmp_path / 'out') == calm


def test_law_4_a_killed_run_leaves_nobody_and_its_lock_to_the_next(photos, calm, tmp_path):
    out = tmp_path / 'out'
    with running(command(photos, out, '--workers', 2)) as process:
        in_the_slow_one(process, out, finished=0)  # either worker may begin with it
        tree = children(process.pid)
        assert tree
        process.kill()
        process.communicate()
        assert left_over(tree) == []
    assert f'process {process.pid},' in (tmp_path / 'out.partial/_work/lock').read_text()
    kept = finished_stamps(out)
    to_its_end(command(photos, out, '--workers', 2))
    assert content(out) == calm
    assert kept.items() <= stamps(out).items(), 'a finished shard was done again'


def test_inputs_that_changed_after_the_kill_are_seen(photos, tmp_path):
    """A photo is replaced, one is gone, one is new: shards without any of them are not done again."""
    changing, out = Path(shutil.copytree(photos, tmp_path / 'in')), tmp_path / 'out'
    with running(command(changing, out)) as process:
        in_the_slow_one(process, out)
        process.kill()
        process.communicate()
    before = finished_stamps(out)
    shutil.copy(changing / '0003.jpg', changing / '0002.jpg')
    (changing / '0005.jpg').unlink()
    (changing / 'new.jpg').write_bytes((changing / '0007.jpg').read_bytes())
    to_its_end(command(changing, out))
    assert content(out) == content(calmly(changing, tmp_path / 'calm'))
    changed = {f'part-{shard_of(image_id(uri), 8):05d}-of-00008.parquet' for uri in ('0002.jpg', '0005.jpg', 'new.jpg')}
    again = {name for name, stamp in before.items() if stamps(out)[name] != stamp}
    assert again == {name for name in before if Path(name).name in changed}
    assert 0 < len(again) < len(before)


def test_killed_full_or_met_at_every_step_of_finishing():
    in_memory = '/dev/shm' if os.path.isdir('/dev/shm') else None  # a disk would have to be waited for some thousand times
    with tempfile.TemporaryDirectory(dir=in_memory) as scratch:
        run = subprocess.run([sys.executable, '-m', 'tests.pipelines.every_step', scratch], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert run.stdout.count('killed at') == 2
