"""Locks: of the one process that writes an output, and of those that read a snapshot. The system drops the locks of a dead process."""

from __future__ import annotations

import errno
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from ..configs.errors import UsageError
from ..transforms.parts import naming
from .surroundings import is_fault


@contextmanager
def writing(path: Path, out: Path) -> Iterator[IO[str]]:
    """Holds a lock file that says who holds it; makes the file, and the folders above it.

    Args:
        out: what is locked, as a person knows it.
    Raises:
        UsageError: somebody holds it, or it can't be written.
    """
    with _taken(path, out) as file:
        with naming(path):
            file.truncate(0)
            os.write(file.fileno(), f'process {os.getpid()}, started {time.strftime("%Y-%m-%d %H:%M:%S")}'.encode())
        yield file


@contextmanager
def writing_beside(out: Path) -> Iterator[None]:
    """Holds a lock file beside a folder that is, or will be, an output; leaves neither it nor folders that were made for it and are empty.

    Raises:
        UsageError: somebody holds it, or it can't be written.
    """
    out = out.absolute()
    path = out.with_name(f'.{out.name}.lock')
    made = [folder for folder in path.parents if not folder.exists()]
    with writing(path, out):
        try:
            yield
        finally:
            path.unlink(missing_ok=True)
            for folder in made:
                with suppress(OSError):
                    folder.rmdir()


def take(file: IO[str], out: Path) -> None:
    """Takes the lock of an open lock file, or raises UsageError that says who has it."""
    if not _locked(out, file.fileno(), fcntl.LOCK_EX):
        file.seek(0)
        raise UsageError(f'output {str(out)!r} is being written by {file.read().strip() or "another process"}; wait for it or stop it')


def stands(file: IO[str], path: Path) -> bool:
    """Whether a path still leads to an open file."""
    return _stands(file.fileno(), path)


@contextmanager
def reading_folder(folder: Path) -> Iterator[None]:
    """Holds a folder against `removing`; several may at once.

    Raises:
        UsageError: it isn't there, or is being removed.
    """
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise UsageError(f'snapshot {str(folder)!r}: {error.strerror}; name the folder of one') from error
    try:
        if not _locked(folder, descriptor, fcntl.LOCK_SH) or not _stands(descriptor, folder):
            raise UsageError(f'snapshot {str(folder)!r} is being removed; name another one')
        yield
    finally:
        os.close(descriptor)


@contextmanager
def removing(folder: Path) -> Iterator[bool]:
    """Holds a folder against its readers; gives False where somebody reads or removes it."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield _locked(folder, descriptor, fcntl.LOCK_EX)
    finally:
        os.close(descriptor)


def _taken(path: Path, out: Path) -> IO[str]:
    """The lock file that stands at its place: whoever held it may have moved it away with its folder."""
    while True:
        file = _opened(path, out)
        try:
            take(file, out)
            if stands(file, path):
                return file
        except UsageError:
            file.close()
            raise
        file.close()


def _opened(path: Path, out: Path) -> IO[str]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return open(path, 'a+')
    except OSError as error:
        if is_fault(error):
            raise
        raise UsageError(f'output {str(out)!r}: cannot be written ({error.strerror}); name a folder that can') from error


def _locked(folder: Path, descriptor: int, how: int) -> bool:
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in (errno.ENOSYS, errno.EOPNOTSUPP):
            raise
        raise UsageError(
            f'folder {str(folder)!r}: its file system has no locks ({error.strerror}); mount it with flock, or name a folder elsewhere'
        ) from error
    return True


def _stands(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False
