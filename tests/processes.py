"""`mien` as a system sees it: processes that are watched, killed, and must leave nobody behind. Linux only."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from benchmarks.tree import descendants
from mien.transforms.records import image_id
from tests.bombs import jpeg

LAST = 'f'  # the first digit of an image_id in the last one of up to 16 shards
SLOW = jpeg(512, 512, 1, 7000)  # about a second of a processor


def mien(*words: object) -> list[str]:
    """A command."""
    return [sys.executable, '-m', 'mien.pipelines.cli', *map(str, words)]


@contextmanager
def running(words: list[str]) -> Iterator[subprocess.Popen[str]]:
    """A command in a session of its own, which ends with the body at the latest."""
    with subprocess.Popen(words, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def lines(stderr: str) -> list[str]:
    """What mien says; LiteRT has a line of its own, which nothing can keep it from."""
    return [line for line in stderr.splitlines() if not line.startswith('INFO: Created TensorFlow Lite')]


def add_slow(folder: Path) -> Path:
    """Writes a photo that takes long, in what will be the last shard."""
    path = next(folder / name for name in (f'slow-{number}.jpg' for number in count()) if image_id(name).startswith(LAST))
    path.write_bytes(SLOW)
    return path


def children(pid: int) -> list[int]:
    """The processes that a process has started, and theirs."""
    return [child for child in descendants(pid) if child != pid]


def extractors(pid: int) -> list[int]:
    """Those of them that meet the photos."""
    return [child for child in children(pid) if b'mien.transforms.child' in Path(f'/proc/{child}/cmdline').read_bytes()]


def holder(pid: int, data: bytes) -> int | None:
    """The child that has a photo in its hands, or had it last."""
    return next((child for child in children(pid) if _holds(child, data)), None)


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that nobody has waited for doesn't."""
    try:
        return Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()[0] not in 'ZX'
    except OSError:
        return False


def catches(pid: int, number: int) -> bool:
    """Whether a process has a handler for a signal. Source: proc(5), SigCgt."""
    try:
        status = Path(f'/proc/{pid}/status').read_text()
    except OSError:
        return False
    caught = next((line.split()[1] for line in status.splitlines() if line.startswith('SigCgt:')), '0')
    return bool(int(caught, 16) >> (number - 1) & 1)


def wait_for(condition: Callable[[], object], seconds: float = 60.0) -> bool:
    """Whether something comes about in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.002)
    return True


def left_over(pids: list[int], seconds: float = 5.0) -> list[int]:
    """Those that have not ended after a while."""
    wait_for(lambda: not any(map(is_alive, pids)), seconds)
    return [pid for pid in pids if is_alive(pid)]


def done(out: Path) -> list[Path]:
    """Markers of the finished shards of an unfinished run."""
    return sorted(out.with_name(f'{out.name}.partial').glob('_work/done/*.json'))


def stamps(folder: Path) -> dict[str, int]:
    """When each part below a snapshot was written, finished or not; those of the plan are not looked at."""
    parts = (path for path in folder.glob('*/part-*') if path.parent.name != 'plan')
    return {path.relative_to(folder).as_posix(): path.stat().st_mtime_ns for path in parts}


def finished_stamps(out: Path) -> dict[str, int]:
    """When each part of the finished shards of an unfinished run was written."""
    shards = {marker.stem for marker in done(out)}
    found = stamps(out.with_name(f'{out.name}.partial'))
    return {name: stamp for name, stamp in found.items() if name.split('/part-')[1][:5] in shards}


def _holds(pid: int, data: bytes) -> bool:
    try:
        (at,) = _memory_files(pid, 'at')
        photos = _memory_files(pid, 'photo')
        return photos[(at.read_bytes() or b'\0')[0]].read_bytes().startswith(data)
    except (OSError, ValueError):  # it ended in between, or has not begun
        return False


def _memory_files(pid: int, name: str) -> list[Path]:
    """In the order in which they were made."""
    paths = sorted(Path(f'/proc/{pid}/fd').iterdir(), key=lambda path: int(path.name))
    return [path for path in paths if os.readlink(path).startswith(f'/memfd:{name} ')]
