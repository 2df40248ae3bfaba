"""What a command costs: seconds, processor seconds, and the memory of its whole process tree at its peak. Linux only.

    python -m benchmarks.tree COMMAND...

Memory is the sum of Pss (proportional set size: a page that n processes share counts 1/n in each) over the process and all its
descendants, sampled every 50 ms. Source: proc(5), smaps_rollup and task/TID/children.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

EVERY = 0.05  # seconds


@dataclass(frozen=True)
class Usage:
    """What one run cost.

    Attributes:
        seconds: on the clock.
        processor_seconds: user and system time of the process and of every descendant that was waited for.
        peak_bytes: largest sampled memory of the tree.
    """

    seconds: float
    processor_seconds: float
    peak_bytes: int

    def over(self, startup: Usage) -> Usage:
        """What this run cost beyond another one, usually over one tiny input."""
        return Usage(
            self.seconds - startup.seconds,
            self.processor_seconds - startup.processor_seconds,
            self.peak_bytes - startup.peak_bytes,
        )


class Failed(RuntimeError):
    """A command ended with another exit status than 0; the message ends with what it said last."""


def measure(words: Sequence[str], cores: set[int] | None = None) -> Usage:
    """Runs a command to its end, silently.

    Args:
        cores: the processor cores that it may run on; None: all.
    Raises:
        Failed: its exit status is not 0.
    """
    with tempfile.TemporaryFile() as said:
        started = time.perf_counter()
        process = subprocess.Popen(words, stdout=said, stderr=said, preexec_fn=(lambda: os.sched_setaffinity(0, cores)) if cores else None)
        sampler = _Sampler(process.pid)
        sampler.start()
        _, status, used = os.wait4(process.pid, 0)
        seconds, process.returncode = time.perf_counter() - started, os.waitstatus_to_exitcode(status)
        sampler.stop()
        if process.returncode:
            last = os.pread(said.fileno(), 2000, max(0, os.fstat(said.fileno()).st_size - 2000)).decode(errors='replace')
            raise Failed(f'{" ".join(words)}: exit status {process.returncode} after {seconds:.0f} s\n{last}')
    return Usage(seconds, used.ru_utime + used.ru_stime, sampler.peak)


def tree_bytes(pid: int) -> int:
    """Memory of a process and all its descendants now: the sum of their Pss in bytes; 0 once they are gone."""
    return sum(map(_pss, descendants(pid)))


def descendants(pid: int) -> Iterator[int]:
    """A process, its children, their children, ..."""
    yield pid
    with contextlib.suppress(OSError):  # it may end in between
        for task in os.listdir(f'/proc/{pid}/task'):
            for child in _text(Path(f'/proc/{pid}/task/{task}/children')).split():
                yield from descendants(int(child))


def _pss(pid: int) -> int:
    for line in _text(Path(f'/proc/{pid}/smaps_rollup')).splitlines():
        if line.startswith('Pss:'):
            return int(line.split()[1]) * 1024
    return 0


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:  # the process ended in between
        return ''


class _Sampler(threading.Thread):
    """Keeps the largest memory of a tree until it is stopped."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.peak = 0
        self._pid = pid
        self._ended = threading.Event()

    def run(self) -> None:
        while not self._ended.wait(EVERY):
            self.peak = max(self.peak, tree_bytes(self._pid))

    def stop(self) -> None:
        self._ended.set()
        self.join()


def main() -> None:
    usage = measure(sys.argv[1:])
    print(f'{usage.seconds:.2f} s, {usage.processor_seconds:.2f} processor seconds, peak of the tree {usage.peak_bytes / 1e6:.0f} MB')


if __name__ == '__main__':
    main()
