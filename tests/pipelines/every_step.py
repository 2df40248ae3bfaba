"""`mien label` killed, short of room, and met by a second one, at each change that it makes to the disk on its way to the snapshot.

    python -m tests.pipelines.every_step FOLDER

A program of its own: it forks, and must not have threads when it does.
"""

import dataclasses
import errno
import os
import shutil
import signal
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from mien.configs.errors import JobFailed, UsageError
from mien.configs.load import load
from mien.configs.schema import LabelConfig
from mien.pipelines.label import label
from mien.pipelines.runners import Run
from mien.pipelines.snapshot import Output
from tests.every_change import before_change
from tests.generated import make_photos
from tests.snapshots import content

CONFIG = dataclasses.replace(load(LabelConfig, 'label'), whole_image=True, shards=2)
FAILED, REFUSED, KILLED = 3, 2, 9


def main(folder: Path) -> None:
    make_photos(folder / 'in', 6)
    job = Job(folder / 'in', folder)
    assert job.run(folder / 'calm') == 0
    for before in (job.ready(folder / 'fresh', older=False), job.ready(folder / 'overwriting', older=True)):
        killed = killed_at_every_step(job, before)
        print(f'{before.name}: killed at {killed} steps; a second writer: {dict(met_at_every_step(job, before))}')
    print(f'{before.name}: no room at every step: {dict(full_at_every_step(job, before))}')


@dataclasses.dataclass(frozen=True)
class Job:
    """The same command, in forks."""

    photos: Path
    scratch: Path

    def run(self, folder: Path, step: int = 0, then: Callable[[], None] = lambda: None, limit: int | None = None) -> int:
        return os.waitstatus_to_exitcode(os.waitpid(self.start(folder, step, then, limit), 0)[1])

    def start(self, folder: Path, step: int = 0, then: Callable[[], None] = lambda: None, limit: int | None = None) -> int:
        """Begins to write `folder/out` in a fork that does something before its n-th change; gives the fork's id."""
        child = os.fork()
        if child:
            return child
        before_change(step, then)
        status = 1
        try:
            label([str(self.photos)], str(folder / 'out'), dataclasses.replace(CONFIG, limit=limit), Run(overwrite=True))
            status = 0
        except UsageError as error:
            status = REFUSED if 'is being written by process' in str(error) else 1
        except JobFailed as error:
            status = FAILED if 'make room, then the same command goes on' in str(error) else 1
        finally:
            os._exit(status)

    def ready(self, folder: Path, older: bool) -> Path:
        """A run all of whose shards are done, over another snapshot or over none."""
        if older:
            assert self.run(folder, limit=2) == 0
        complete = Output.complete
        Output.complete = lambda *said: os._exit(KILLED)
        assert self.run(folder) == KILLED
        Output.complete = complete
        return folder

    def check(self, folder: Path, before: Path, again: bool = False) -> None:
        """It is the calm run's snapshot, nothing else is left, and no part is younger than before."""
        assert os.listdir(folder) == ['out'], os.listdir(folder)
        assert content(folder / 'out') == content(self.scratch / 'calm/out')
        assert not (folder / 'out/_work').exists()
        for part in (before / 'out.partial').glob('*s/part-*'):
            done = folder / 'out' / part.relative_to(before / 'out.partial')
            assert again or done.stat().st_mtime_ns == part.stat().st_mtime_ns, f'{part} was written again'


def killed_at_every_step(job: Job, before: Path) -> int:
    """Kills at the first change, at the second ..., each time followed by the same command; gives their number."""
    for step in range(1, 1000):
        folder = Path(shutil.copytree(before, job.scratch / 'killed'))
        status = job.run(folder, step, lambda: os.kill(os.getpid(), signal.SIGKILL))
        assert status in (0, -signal.SIGKILL), status
        if status:
            assert job.run(folder) == 0
        job.check(folder, before)
        shutil.rmtree(folder)
        if not status:
            return step - 1
    raise AssertionError('no end')


def full_at_every_step(job: Job, before: Path) -> Counter[str]:
    """Has no room for the first change, for the second ..., each time followed by the same command; gives how the first ones ended.

    A file system that copies on write needs room to remove a file, too.
    """
    found: Counter[str] = Counter()
    for step in range(1, 1000):
        folder = Path(shutil.copytree(before, job.scratch / 'full'))
        reached = job.scratch / 'reached'
        status = job.run(folder, step, lambda reached=reached: _no_room(reached))
        assert status in (0, FAILED), status
        if status or os.listdir(folder) != ['out'] or (folder / 'out/_work').exists():
            assert job.run(folder) == 0
        job.check(folder, before)
        shutil.rmtree(folder)
        if not reached.exists():
            return found
        reached.unlink()
        found['failed' if status else 'done'] += 1
    raise AssertionError('no end')


def _no_room(reached: Path) -> None:
    reached.touch()
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(reached))


def met_at_every_step(job: Job, before: Path) -> Counter[str]:
    """Halts before each change while a second one runs; gives how those ended."""
    found: Counter[str] = Counter()
    for step in range(1, 1000):
        folder = Path(shutil.copytree(before, job.scratch / 'met'))
        first = job.start(folder, step, lambda: os.kill(os.getpid(), signal.SIGSTOP))
        _, status = os.waitpid(first, os.WUNTRACED)
        if not os.WIFSTOPPED(status):
            assert status == 0, status
            shutil.rmtree(folder)
            return found
        second = job.run(folder)
        assert second in (0, REFUSED), second
        os.kill(first, signal.SIGCONT)
        assert os.waitpid(first, 0)[1] == 0
        job.check(folder, before, again=second == 0)
        shutil.rmtree(folder)
        found['refused' if second else 'done'] += 1
    raise AssertionError('no end')


if __name__ == '__main__':
    main(Path(sys.argv[1]))
