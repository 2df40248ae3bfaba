"""What runs on a host: programs that a test started, and every process that came of them."""

from __future__ import annotations

import os
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.processes import wait_for


class Failed(RuntimeError):
    """A program on a host failed or did not come up; the message holds the last lines of its log."""


@dataclass(frozen=True)
class HostProcess:
    """A process, by its number outside of its host's namespace: `os.kill(pid, ...)` reaches it."""

    pid: int
    words: tuple[str, ...]

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Sends a signal."""
        os.kill(self.pid, number)


@dataclass(eq=False)
class Program:
    """A command on a host, started through `nsenter`; it ends with its host at the latest.

    Attributes:
        entered: the `nsenter` that waits for it.
        log: what it writes, both streams.
    """

    entered: subprocess.Popen[bytes]
    log: Path

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self.entered.poll() is None

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Ends it and waits for that; its children are left alone, as on any host."""
        if self.is_running:
            wait_for(lambda: _children(self.entered.pid) or not self.is_running)
            for pid in _children(self.entered.pid):
                os.kill(pid, number)
            self.entered.wait()

    def wait(self, seconds: float) -> int:
        """Its exit status; negative: the signal that ended it.

        Raises:
            subprocess.TimeoutExpired: it still runs.
        """
        return self.entered.wait(seconds)

    def await_line(self, text: str, seconds: float = 60.0) -> None:
        """Waits until its log holds a text.

        Raises:
            Failed: it ended before, or time is up.
        """
        wait_for(lambda: text in self.said() or not self.is_running, seconds)
        if text not in self.said():
            raise Failed(f'{self.log.name}: {text!r} did not appear within {seconds:.0f} s; its log ends with\n{self.tail()}')

    def said(self) -> str:
        """All that its log holds."""
        return self.log.read_text(errors='replace')

    def tail(self, lines: int = 30) -> str:
        """The last lines of its log."""
        return '\n'.join(self.said().splitlines()[-lines:])


def processes_beside(first: int) -> list[HostProcess]:
    """Living processes of one pid namespace, in the order in which they were started; its first one, which says which, is left out."""
    numbers = [int(path.name) for path in Path('/proc').iterdir() if path.name.isdigit()]
    inside = [pid for pid in numbers if pid != first and _namespace(pid) == _namespace(first)]
    found = [HostProcess(pid, _words(pid)) for pid in sorted(inside, key=_started)]
    return [process for process in found if process.words]  # a dead one that nobody has waited for has no words


def first_child(pid: int) -> int:
    """The one child of a process that has just forked."""
    wait_for(lambda: _children(pid), 10)
    (child,) = _children(pid)
    return child


def _namespace(pid: int) -> str | None:
    try:
        return os.readlink(f'/proc/{pid}/ns/pid')
    except OSError:
        return None


def _started(pid: int) -> int:
    """In clock ticks since the system's start; numbers wrap around. Source: proc(5), stat, field 22."""
    try:
        return int(Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()[19])
    except OSError:
        return 0


def _words(pid: int) -> tuple[str, ...]:
    try:
        return tuple(Path(f'/proc/{pid}/cmdline').read_bytes().decode(errors='replace').split('\0')[:-1])
    except OSError:
        return ()


def _children(pid: int) -> list[int]:
    try:
        return [int(word) for word in Path(f'/proc/{pid}/task/{pid}/children').read_text().split()]
    except OSError:
        return []
