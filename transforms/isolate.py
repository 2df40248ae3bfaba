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
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import orjson

from .child import OUT_OF_MEMORY, to_face
from .extract import Extracted, Extraction
from .memory_file import read_all, write_all
from .records import Face, Facts, Failure, Status

AT_ONCE = 4  # photos between two changes from one process to the other, each of which costs a fifth of a millisecond
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


@dataclass(frozen=True)
class Asked:
    """A photo's bytes.

    Attributes:
        known: its faces, where an earlier run found them.
        whole: it is a face; nothing is detected.
    """

    data: bytes
    known: tuple[Face, ...] | None = None
    whole: bool = False


class Gone(Exception):
    """The child died, or was killed because it took too long."""


class IsolatedExtractor:
    """A child process that extracts one photo after the other, and another one when it dies. For one thread."""

    def __init__(self, how: Extraction, limits: Limits) -> None:
        self._how, self._limits = how, limits
        self._child = Child(how, limits)

    def extract(self, data: bytes, known: tuple[Face, ...] | None = None) -> Extracted | Failure:
        """What the child finds in one photo; see `extract_all`."""
        return self.extract_all([Asked(data, known, self._how.whole_image)])[0]

    def extract_all(self, photos: Sequence[Asked]) -> list[Extracted | Failure]:
        """What the child finds, see `extract`; or `timeout` or `crashed`, where a photo was too much for it.

        Args:
            photos: at most `AT_ONCE`.
        Raises:
            RuntimeError: the child met a bug of ours.
        """
        if not photos:
            return []
        try:
            return list(self._child.ask(photos))
        except Gone:
            at, failure = self._child.in_hand(), self._child.verdict()
            self._child = Child(self._how, self._limits)
        return [*self.extract_all(photos[:at]), failure, *self.extract_all(photos[at + 1 :])]

    def close(self) -> None:
        """Ends the child."""
        self._child.end()


class Child:
    """One process and the pipes and memory files that are shared with it; see `child`."""

    def __init__(self, how: Extraction, limits: Limits) -> None:
        self._limits = limits
        self._photos = [os.memfd_create('photo') for _ in range(AT_ONCE)]
        self._at, self._stderr = os.memfd_create('at'), os.memfd_create('stderr')
        fcntl.fcntl(self._stderr, fcntl.F_SETFL, os.O_APPEND)
        alive, self._alive = os.pipe()
        self._process = subprocess.Popen(
            [sys.executable, '-m', f'{__package__}.child', *map(str, (alive, self._at, *self._photos))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            pass_fds=(alive, self._at, *self._photos),
            env=os.environ | KEEP_MEMORY,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._questions, self._answers = self._process.stdin, self._process.stdout
        os.close(alive)
        self._shared = [*self._photos, self._at, self._stderr, self._alive]
        self._come = bytearray()
        self._late = False
        self._allowed = STARTING
        self._say({'how': asdict(how), 'max_seconds': limits.seconds, 'max_memory': limits.memory})

    def ask(self, photos: Sequence[Asked]) -> list[Extracted]:
        """The child's answer for each of a few photos.

        Raises:
            Gone: there is none; the child has ended.
        """
        deadline = time.monotonic() + PATIENCE * self._limits.seconds * len(photos) + self._allowed
        self._allowed = 0.0
        write_all(self._at, b'\0')
        for descriptor, photo in zip(self._photos, photos, strict=False):
            write_all(descriptor, photo.data)
        self._say([_question(photo) for photo in photos])
        return [self._answer(deadline) for _ in photos]

    def in_hand(self) -> int:
        """Which of the photos that were asked for last it was at."""
        return read_all(self._at, 1)[0]

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

    def _say(self, value: Any) -> None:
        """Puts a line to the child; one that has ended is found out by the answer that does not come."""
        line = orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)
        with contextlib.suppress(BrokenPipeError):
            while line:
                line = line[os.write(self._questions.fileno(), line) :]

    def _answer(self, deadline: float) -> Extracted:
        said = orjson.loads(self._line(deadline))
        shape = tuple(said['shape'])
        crops = np.frombuffer(self._bytes(math.prod(shape), deadline), np.uint8).reshape(shape)
        facts = Facts(**said['facts'] | {'status': Status(said['facts']['status'])})
        return Extracted(facts, tuple(map(to_face, said['faces'])), crops)

    def _line(self, deadline: float) -> bytes:
        while (end := self._come.find(b'\n')) < 0:
            if len(self._come) > LONGEST_LINE:
                raise RuntimeError(f'extraction answers with a line of more than {LONGEST_LINE} bytes')
            self._come += self._some(deadline)
        return self._taken(end + 1)

    def _bytes(self, length: int, deadline: float) -> bytes:
        while len(self._come) < length:
            self._come += self._some(deadline)
        return self._taken(length)

    def _taken(self, length: int) -> bytes:
        """The beginning of what has come."""
        taken = bytes(self._come[:length])
        del self._come[:length]
        return taken

    def _some(self, deadline: float) -> bytes:
        """What the child has said since; waits for it."""
        answers = select.poll()
        answers.register(self._answers, select.POLLIN)
        if not answers.poll(max(0.0, deadline - time.monotonic()) * 1000):
            self._late = True
            self._process.kill()
            raise Gone
        come = os.read(self._answers.fileno(), PIPE)
        if not come:
            raise Gone
        return come


def _question(photo: Asked) -> dict[str, Any]:
    return {'length': len(photo.data), 'known': photo.known and [vars(face) for face in photo.known], 'whole': photo.whole}
