"""Child processes: each has its own memory, says what it does into a log, and may die of anything."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ..training.cluster import VARIABLE

LEASH = 'mien.models.compare.leash'
OURS, WARNING = 'mien: ', 'mien: warning: '  # the first begins the line in which a command of mien says why it failed


@dataclass(frozen=True)
class Ended:
    """How a process ended.

    Attributes:
        status: its exit status; negative: the signal that killed it.
        lines: what it said on standard output.
        reason: why it failed, in one line; empty where it didn't.
    """

    status: int
    lines: tuple[str, ...]
    reason: str


def run_logged(module: str, words: Sequence[str], log: Path, tell: Callable[[str], object]) -> Ended:
    """Runs a module; all that it says is told, and appended to a log."""
    with open(log, 'a') as file, _leashed(module, words, subprocess.STDOUT) as process:
        lines = []
        for line in process.stdout or ():
            file.write(line)
            file.flush()
            tell(line.rstrip('\n'))
            lines.append(line.rstrip('\n'))
    return Ended(process.returncode, tuple(lines), _reason(process.returncode, lines))


def run_quiet(module: str, words: Sequence[str], log: Path) -> Ended:
    """Runs a module whose standard output is its answer; what it says besides is appended to a log."""
    before = log.stat().st_size if log.exists() else 0
    with open(log, 'ab') as file, _leashed(module, words, file.fileno()) as process:
        lines = [line.rstrip('\n') for line in process.stdout or ()]
    said = log.read_bytes()[before:].decode(errors='replace').splitlines()
    return Ended(process.returncode, tuple(lines), _reason(process.returncode, said))


def seconds_to_first_line(module: str, words: Sequence[str]) -> float:
    """Seconds on the clock from the start of a fresh interpreter to the first line that a module prints.

    Raises:
        subprocess.CalledProcessError: it failed.
    """
    command = [sys.executable, '-m', module, *words]
    began = time.perf_counter()
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        seconds = time.perf_counter() - began
    if process.returncode or not line:
        raise subprocess.CalledProcessError(process.returncode, command)
    return seconds


@contextmanager
def _leashed(module: str, words: Sequence[str], stderr: int) -> Iterator[subprocess.Popen[str]]:
    """In a session of its own: an interruption at the terminal is the parent's to tell of, and the child ends with it.

    It trains alone, whatever TF_CONFIG says: the other workers would know nothing of it.
    """
    alive, leash = os.pipe()
    command = [sys.executable, '-m', LEASH, str(alive), module, *words]
    try:
        with subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            pass_fds=[alive],
            start_new_session=True,
            env={name: value for name, value in os.environ.items() if name != VARIABLE},
            encoding='utf-8',
            errors='replace',
        ) as process:
            os.close(alive)
            try:
                yield process
            except BaseException:
                process.kill()
                raise
    finally:
        os.close(leash)


def _reason(status: int, lines: Sequence[str]) -> str:
    if status == 0:
        return ''
    if status < 0:
        name = signal.Signals(-status).name
        return f'killed by {name}{"; memory may have run out" if -status == signal.SIGKILL else ""}'
    said = [line.strip() for line in lines if line.strip()]
    ours = [line.removeprefix(OURS) for line in said if line.startswith(OURS) and not line.startswith(WARNING)]
    return (ours or said or [f'exit status {status}'])[-1]
