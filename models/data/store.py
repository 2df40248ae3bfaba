"""Reads a dataset's folder, be it local, `s3://bucket/folder` or `gs://bucket/folder`; see `storage` for how.

Objects are read a piece at a time, each by a request of its own, so that a lost connection costs one piece.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from ...configs.errors import JobFailed, UsageError
from ...storage.errors import NO_BUCKET, answer, is_passing
from ...storage.files import download
from ...storage.path import StorePath, is_stored, located

PIECE = 4 << 20

__all__ = ['fetched', 'is_stored', 'names', 'pieces', 'text', 'told']


def names(folder: str) -> list[str]:
    """Names of what is directly in a folder, sorted; none where there is no such folder.

    Raises:
        UsageError, JobFailed: the store refuses, or does not answer.
    """
    place = located(folder)
    if not isinstance(place, StorePath):
        return sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    with told(folder):
        try:
            return [path.name for path in place.iterdir()]
        except OSError as error:
            if answer(error.__cause__ or error).code != NO_BUCKET:
                raise
            return []


def text(path: str) -> str:
    """A small file.

    Raises:
        FileNotFoundError: there is none.
        UsageError, JobFailed: the store refuses, or does not answer.
    """
    if not is_stored(path):
        return Path(path).read_text()
    with told(path):
        return located(path).read_bytes().decode()


def pieces(path: str) -> Iterator[bytes]:
    """An object's bytes, in order.

    Raises:
        FileNotFoundError: there is none.
        UsageError, JobFailed: the store refuses, or does not answer.
    """
    with told(path), located(path).open('rb', buffering=PIECE) as file:
        while data := file.read(PIECE):
            yield data


def fetched(folder: str) -> TemporaryDirectory[str]:
    """A local copy of a small folder of a store, which goes when the result does."""
    copy, root = TemporaryDirectory(prefix='mien-'), located(folder)
    assert isinstance(root, StorePath)
    with told(folder):
        for path in root.rglob('*'):
            target = Path(copy.name, path.relative_to(root))
            target.parent.mkdir(parents=True, exist_ok=True)
            download(path, target)
    return copy


@contextmanager
def told(url: str) -> Iterator[None]:
    """An error of a store is raised as what the caller can do about it; that there is no such object as it is.

    Raises:
        UsageError, JobFailed: the store refuses, or does not answer.
    """
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        cause = error.__cause__
        reason = answer(cause or error).reason
        if error.errno == errno.ESTALE:
            raise JobFailed(f'{url}: was replaced while it was read; run the same command again') from error
        if isinstance(cause, Exception) and not is_passing(cause):
            raise UsageError(f'{url}: the store refuses ({reason}); check the bucket, its region and your credentials') from error
        raise JobFailed(f'{url}: the store does not answer ({reason}); run the same command again once it does') from error
