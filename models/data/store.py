"""Reads a dataset's folder, be it local, `s3://bucket/folder` or `gs://bucket/folder`.

Objects are read a piece at a time, each by a request of its own, so that a lost connection costs one piece: it is asked for again, later
and later. Credentials, region and endpoint (AWS_ENDPOINT_URL) are those of the environment, as other programs for the store take them.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, TypeVar

from ...configs.errors import JobFailed, UsageError

if TYPE_CHECKING:
    from pyarrow.fs import FileInfo, FileSystem

SCHEMES = ('s3://', 'gs://')
PIECE = 4 << 20
PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)  # seconds between tries
CONNECTING, ANSWERING = 10, 30  # seconds until a try is given up
REASON = 240  # characters of what a store says
DEFINITE = re.compile(
    r'ACCESS_DENIED|INVALID_ACCESS_KEY|INVALID_CLIENT_TOKEN|SIGNATURE_DOES_NOT_MATCH|NO_SUCH_BUCKET|NO_SUCH_KEY|RESOURCE_NOT_FOUND'
    r'|EXPIRED_TOKEN|HTTP (?:response|status) (?:code:? )?(?:30[0-9]|40[0-79]|41[0-9])'
    r'|PERMISSION_DENIED|UNAUTHENTICATED|NOT_FOUND|INVALID_ARGUMENT',
    re.IGNORECASE,
)

T = TypeVar('T')


def is_stored(folder: str) -> bool:
    """Whether a folder is in an object store."""
    return folder.startswith(SCHEMES)


def names(folder: str) -> list[str]:
    """Names of what is directly in a folder, sorted; none where there is no such folder.

    Raises:
        UsageError, JobFailed: the store refuses, or does not answer.
    """
    if not is_stored(folder):
        return sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    return sorted(PurePosixPath(found.path).name for found in _below(folder, recursive=False))


def text(path: str) -> str:
    """A small file.

    Raises:
        FileNotFoundError: there is none.
        UsageError, JobFailed: the store refuses, or does not answer.
    """
    return b''.join(pieces(path)).decode() if is_stored(path) else Path(path).read_text()


def pieces(path: str) -> Iterator[bytes]:
    """An object's bytes, in order.

    Raises:
        FileNotFoundError: there is none.
        UsageError, JobFailed: the store refuses, or does not answer.
    """
    system, place = opened(path)
    with _patiently(path, lambda: system.open_input_file(place)) as file:
        size = file.size()
        for start in range(0, size, PIECE):
            yield _patiently(path, partial(file.read_at, min(PIECE, size - start), start))


def fetched(folder: str) -> TemporaryDirectory[str]:
    """A local copy of a small folder of a store, which goes when the result does."""
    copy = TemporaryDirectory(prefix='mien-')
    root = PurePosixPath(opened(folder)[1])
    for found in _below(folder, recursive=True):
        if not found.is_file:
            continue
        below = PurePosixPath(found.path).relative_to(root)
        target = Path(copy.name, below)
        target.parent.mkdir(parents=True, exist_ok=True)
        with open(target, 'wb') as file:
            file.writelines(pieces(f'{folder}/{below}'))
    return copy


def opened(url: str) -> tuple[FileSystem, str]:
    """The store that a url is of, and the place in it, for what pyarrow reads by itself."""
    scheme, _, place = url.partition('://')
    endpoint = os.environ.get('AWS_ENDPOINT_URL_S3') or os.environ.get('AWS_ENDPOINT_URL') or ''
    return (_s3(endpoint) if scheme == 's3' else _gs()), place.rstrip('/')


def _below(folder: str, recursive: bool) -> list[FileInfo]:
    from pyarrow.fs import FileSelector

    system, place = opened(folder)
    selector = FileSelector(place, allow_not_found=True, recursive=recursive)
    return _patiently(folder, lambda: system.get_file_info(selector))


@lru_cache(maxsize=4)
def _s3(endpoint: str) -> FileSystem:
    from pyarrow.fs import S3FileSystem

    scheme, separator, place = endpoint.rpartition('://')
    where = {'endpoint_override': place, 'scheme': scheme if separator else 'https'} if endpoint else {}
    return S3FileSystem(connect_timeout=CONNECTING, request_timeout=ANSWERING, **where)


@lru_cache(maxsize=1)
def _gs() -> FileSystem:
    from datetime import timedelta

    from pyarrow.fs import GcsFileSystem

    return GcsFileSystem(retry_time_limit=timedelta(seconds=ANSWERING))


def _patiently(url: str, ask: Callable[[], T]) -> T:
    """Asks until there is an answer."""
    for pause in (*PAUSES, None):
        try:
            return ask()
        except FileNotFoundError:
            raise
        except OSError as error:
            reason = str(error).partition('\n')[0][:REASON]
            if DEFINITE.search(str(error)):
                raise UsageError(f'{url}: the store refuses ({reason}); check the bucket, its region and your credentials') from error
            if pause is None:
                raise JobFailed(f'{url}: the store does not answer ({reason}); run the same command again once it does') from error
            time.sleep(pause)
    raise AssertionError('unreachable')
