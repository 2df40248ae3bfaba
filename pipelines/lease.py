"""Leases of a store, in place of a disk's locks: an object that its holder writes again and again, and that is free once it stays as it is.

No clock is compared: who wants it watches whether it changes. Writes are conditional, so that of two takers one learns that it lost.
"""

from __future__ import annotations

import json
import os
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from ..configs.errors import JobFailed, UsageError
from ..storage.errors import Changed
from ..storage.files import create, remove, replace
from ..storage.path import AnyPath, StorePath
from ..storage.patience import less_patient

BEAT = 10.0  # seconds between two signs of life
PATIENCE = 60.0  # seconds without one, after which the holder is taken for dead
LOOK = 1.0  # seconds between two looks at somebody's lease


class Lease:
    """A lease that is held, and kept alive by a thread.

    Attributes:
        lost: somebody else took it over, as this process was not heard of.
    """

    def __init__(self, path: StorePath, out: AnyPath) -> None:
        self._path, self._out = path, out
        started = time.strftime('%Y-%m-%d %H:%M:%S')
        self._said = {'holder': uuid.uuid4().hex, 'host': socket.gethostname(), 'process': os.getpid(), 'started': started}
        self._etag = self._taken()
        self.lost = False
        self._end = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._beat, daemon=True)
        self._thread.start()

    def check(self) -> None:
        """Raises JobFailed where the lease is somebody else's by now."""
        with self._lock:
            self._again()
        if self.lost:
            raise JobFailed(f'output {str(self._out)!r}: another process took it over while this one was not heard of; wait for that one')

    def give_back(self) -> None:
        """Ends it; the next taker need not wait."""
        self._end.set()
        self._thread.join()
        if not self.lost:
            with suppress(OSError), less_patient(LOOK):  # what is not given back is free after a while
                self._path.unlink(missing_ok=True)

    def _beat(self) -> None:
        while not self._end.wait(BEAT) and not self.lost:
            with self._lock, suppress(OSError):  # an outage: the next beat may be heard, or else another process takes over
                self._again()

    def _again(self) -> None:
        try:
            self._etag = replace(self._path, self._bytes(), str(self._etag))
        except Changed:
            self.lost = True

    def _bytes(self) -> bytes:
        return json.dumps(self._said | {'beat': uuid.uuid4().hex}).encode()

    def _taken(self) -> str | None:
        while True:
            try:
                return create(self._path, self._bytes())
            except FileExistsError:
                etag = self._abandoned()
            with suppress(Changed, FileNotFoundError):
                if etag is not None:
                    return replace(self._path, self._bytes(), etag)

    def _abandoned(self) -> str | None:
        """The etag of somebody's lease once it can be taken for abandoned; None where it is gone.

        Raises:
            UsageError: its holder lives.
        """
        try:
            etag, said = self._path.stat().etag, json.loads(self._path.read_bytes())
        except FileNotFoundError:
            return None
        if _is_dead(said):
            return str(etag)
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            time.sleep(LOOK)
            try:
                now = self._path.stat().etag
            except FileNotFoundError:
                return None
            if now != etag:
                raise UsageError(
                    f'output {str(self._out)!r} is being written by process {said["process"]} on {said["host"]}, since {said["started"]}; '
                    'wait for it or stop it'
                )
        return str(etag)


@contextmanager
def leased(path: StorePath, out: AnyPath) -> Iterator[Lease]:
    """Holds a lease; waits for one whose holder may be dead.

    Raises:
        UsageError: somebody holds it, or it can't be written.
    """
    try:
        lease = Lease(path, out)
    except PermissionError as error:
        raise UsageError(f'output {str(out)!r}: cannot be written ({error.strerror}); name a place that can') from error
    try:
        yield lease
    finally:
        lease.give_back()


@contextmanager
def reading_stored(snapshot: StorePath) -> Iterator[None]:
    """Holds a snapshot of a store against `mien prune`: an object beside it says that it is read, again and again.

    Who may not write there holds nothing, and reads all the same.
    """
    mine = readers(snapshot) / uuid.uuid4().hex
    try:
        mine.write_bytes(b'')
    except PermissionError:
        yield
        return
    end = threading.Event()

    def beat() -> None:
        while not end.wait(BEAT):
            with suppress(OSError):
                mine.write_bytes(uuid.uuid4().hex.encode())

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join()
        mine.unlink(missing_ok=True)


def is_read(snapshot: StorePath) -> bool:
    """Whether somebody reads a snapshot of a store; what dead readers left is removed."""
    seen = _etags(readers(snapshot))
    if not seen:
        return False
    time.sleep(2 * BEAT)
    left = _etags(readers(snapshot))
    if any(seen.get(path) != etag for path, etag in left.items()):
        return True
    remove(left)
    return False


def _etags(folder: StorePath) -> dict[StorePath, str | None]:
    """What readers have written last; one that has ended meanwhile reads no more."""
    found: dict[StorePath, str | None] = {}
    for path in folder.glob('*'):
        with suppress(FileNotFoundError):
            found[path] = path.stat().etag
    return found


def readers(snapshot: StorePath) -> StorePath:
    """Where those who read a snapshot say so: beside it, as it is never modified."""
    return snapshot.parent / '_readers' / snapshot.name


def _is_dead(said: dict[str, object]) -> bool:
    """Whether a holder was a process of this machine that is no more."""
    if said['host'] != socket.gethostname():
        return False
    try:
        os.kill(int(str(said['process'])), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass
    return False
