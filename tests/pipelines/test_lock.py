"""One writer, whoever dies and wherever the lock's folder goes meanwhile (law 6)."""

import errno
import fcntl
import multiprocessing
import os
import random
import signal
import time
from pathlib import Path

import pytest

from mien.configs.errors import UsageError
from mien.pipelines.lock import reading_folder, stands, writing

WRITERS, TIMES = 4, 25
NEW = multiprocessing.get_context('spawn')


def test_the_holder_is_named_and_a_dead_one_is_nobody(tmp_path):
    lock, out, held = tmp_path / 'work/lock', tmp_path / 'out', NEW.Event()
    holder = NEW.Process(target=hold, args=(lock, out, held))
    holder.start()
    assert held.wait(60)
    said = rf"^output '{out}' is being written by process {holder.pid}, started .*; wait for it or stop it$"
    with pytest.raises(UsageError, match=said), writing(lock, out):
        pass
    holder.kill()
    holder.join()
    assert holder.exitcode == -signal.SIGKILL
    with writing(lock, out) as file:
        assert lock.read_text().startswith(f'process {os.getpid()}, started ')
        assert lock.read_text().count('process') == 1
        assert stands(file, lock)


def hold(lock: Path, out: Path, held) -> None:
    with writing(lock, out):
        held.set()
        signal.pause()


def test_a_lock_that_moved_away_holds_its_old_place_no_longer(tmp_path):
    """As it does with the folder that becomes the snapshot."""
    with writing(tmp_path / 'partial/lock', tmp_path) as first:
        os.rename(tmp_path / 'partial', tmp_path / 'out')
        assert not stands(first, tmp_path / 'partial/lock')
        with writing(tmp_path / 'partial/lock', tmp_path) as second:
            assert stands(second, tmp_path / 'partial/lock')


def test_of_many_that_race_one_is_in(tmp_path):
    """Now and then one moves the lock's folder away while it holds it, and is out then."""
    racers = [NEW.Process(target=race, args=(tmp_path, number)) for number in range(WRITERS)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert [racer.exitcode for racer in racers] == [0] * WRITERS
    assert list(tmp_path.glob('out-*'))


def race(folder: Path, number: int) -> None:
    """Gets in so many times; fails where somebody else is in."""
    lock, inside, chance, been = folder / 'partial/lock', folder / 'inside', random.Random(number), 0
    while been < TIMES:
        try:
            with writing(lock, folder):
                os.close(os.open(inside, os.O_CREAT | os.O_EXCL))
                time.sleep(chance.uniform(0, 0.002))
                os.unlink(inside)
                been += 1
                if chance.random() < 0.3:
                    os.rename(lock.parent, folder / f'out-{number}-{been}')
        except UsageError:
            time.sleep(chance.uniform(0, 0.001))


def test_a_file_system_without_locks_is_said(tmp_path, monkeypatch):
    def flock(descriptor, how):
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

    monkeypatch.setattr(fcntl, 'flock', flock)
    with pytest.raises(UsageError, match='its file system has no locks'), writing(tmp_path / '_work/lock', tmp_path):
        pass
    with pytest.raises(UsageError, match='its file system has no locks'), reading_folder(tmp_path):
        pass
