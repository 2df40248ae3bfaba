"""Extraction in a process of its own, which is allowed to die: what a photo does to it becomes that photo's status."""

from __future__ import annotations

import contextlib
import fcntl
import math
import os
import select
import signal
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import orjson

from .child import OUT_OF_MEMORY, to_face
from .extract import Extracted, Extraction
from .memory_file import read_all, write_all
from .records import Face, Facts, Failure, Status

PATIENCE = 4  # seconds on the clock for each second of processor time: machines are shared
STARTING = 30.0  # seconds on the clock beyond that: a child that was just started imports first
# glibc would give a photo's memory back to the system after each, and fault it in again for the next.
KEEP_MEMORY = {'MALLOC_MMAP_THRESHOLD_': str(32 << 20), 'MALLOC_TRIM_THRESHOLD_': str(64 << 20), 'MALLOC_TOP_PAD_': str(16 << 20)}
PIPE = 1 << 16  # bytes that a pipe holds
LONGEST_LINE = 1 << 26  # bytes of an answer; 5,000 faces are 3 MB


@dataclass(frozen=True)
class Limits:
    """What one photo may cost.

    Attributes:
        seconds: of processor time.
        memory: bytes beyond those of an idle child.
    """

    seconds: float
    memory: int


class Gone(Exception):
    """The child died, or was killed because it took too long."""


class IsolatedExtractor:
    """A child process that extracts one photo after the other, and another one when it dies. For one thread."""

    def __init__(self, how: Extraction, limits: Limits) -> None:
        self._how, self._limits = how, limits
        self._child = Child(how, limits)

    def extract(self, data: bytes, known: tuple[Face, ...] | None = None) -> Extracted | Failure:
        """What the child finds, see `extract`; or `timeout` or `crashed`, where the photo was too much for it.

        Raises:
            RuntimeError: the child met a bug of ours.
        """
        try:
            return self._child.ask(data, known)
        except Gone:
            failure = self._child.verdict()
            self._child = Child(self._how, self._limits)
            return failure

    def close(self) -> None:
        """Ends the child."""
        self._child.end()


class Child:
    """One process and the pipes and memory files that are shared with it; see `child`."""

    def __init__(self, how: Extraction, limits: Limits) -> None:
        self._limits = limits
        self._data, self._stderr = os.memfd_create('photo'), os.memfd_create('stderr')
        fcntl.fcntl(self._stderr, fcntl.F_SETFL, os.O_APPEND)
        alive, self._alive = os.pipe()
        self._process = subprocess.Popen(
            [sys.executable, '-m', f'{__package__}.child', str(self._data), str(alive)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            pass_fds=(self._data, alive),
            env=os.environ | KEEP_MEMORY,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._questions, self._answers = self._process.stdin, self._process.stdout
        os.close(alive)
        self._shared = [self._data, self._stderr, self._alive]
        self._late = False
        self._allowed = STARTING
        self._say({'how': asdict(how), 'max_seconds': limits.seconds, 'max_memory': limits.memory})

    def ask(self, data: bytes, known: tuple[Face, ...] | None) -> Extracted:
        """The child's answer for one photo.

        Raises:
            Gone: there is none; the child has ended.
        """
        deadline = time.monotonic() + PATIENCE * self._limits.seconds + self._allowed
        self._allowed = 0.0
        write_all(self._data, data)
        self._say({'length': len(data), 'known': None if known is None else [vars(face) for face in known]})
        line, rest = self._line(deadline)
        said = orjson.loads(line)
        crops = self._bytes(rest, math.prod(said['shape']), deadline)
        shape = tuple(said['shape'])
        facts = Facts(**said['facts'] | {'status': Status(said['facts']['status'])})
        return Extracted(facts, tuple(map(to_face, said['faces'])), np.frombuffer(crops, np.uint8).reshape(shape))

    def verdict(self) -> Failure:
        """Why the child has ended.

        Raises:
            RuntimeError: by a bug of ours.
        """
        code = self._process.wait()
        said = read_all(self._stderr, os.fstat(self._stderr).st_size).decode(errors='replace').strip()
        self.end()
        if self._late or code == -signal.SIGXCPU:
            return Failure(Status.TIMEOUT, f'took more than {self._limits.seconds:g} s of processor time')
        if code == OUT_OF_MEMORY:
            return Failure(Status.CRASHED, f'took more than {self._limits.memory >> 20} MB of memory')
        if code < 0:
            return Failure(Status.CRASHED, f'the decoder died of {signal.Signals(-code).name}')
        raise RuntimeError(f'extraction ended with status {code}: {said}')

    def end(self) -> None:
        """Ends the process and gives back what was shared with it."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._questions, self._answers):
            pipe.close()
        while self._shared:
            os.close(self._shared.pop())

    def _say(self, value: dict[str, Any]) -> None:
        """Puts a line to the child; one that has ended is found out by the answer that does not come."""
        line = orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)
        with contextlib.suppress(BrokenPipeError):
            while line:
                line = line[os.write(self._questions.fileno(), line) :]

    def _line(self, deadline: float) -> tuple[bytes, bytes]:
        """The next line, and what has come of that which follows."""
        come = bytearray()
        while b'\n' not in come:
            if len(come) > LONGEST_LINE:
                raise RuntimeError(f'extraction answers with a line of more than {LONGEST_LINE} bytes')
            come += self._some(deadline)
        line, _, rest = bytes(come).partition(b'\n')
        return line, rest

    def _bytes(self, come: bytes, length: int, deadline: float) -> bytes:
        parts, missing = [come], length - len(come)
        while missing > 0:
            parts.append(self._some(deadline))
            missing -= len(parts[-1])
        return b''.join(parts)

    def _some(self, deadline: float) -> bytes:
        """What the child has said since; waits for it."""
        descriptor = self._answers.fileno()
        while not select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))[0]:
            self._late = True
            self._process.kill()
            raise Gone
        come = os.read(descriptor, PIPE)
        if not come:
            raise Gone
        return come
