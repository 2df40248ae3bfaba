"""Many files at once, of a disk or a store: copied, read and written by several threads, deleted in bulk."""

from __future__ import annotations

import os
import shutil
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from . import objects
from .objects import BATCH, Fetched, Found, create, replace
from .path import AnyPath, StorePath
from .tree import listing

THREADS = 16
CHUNK = 8 << 20  # bytes of a large object that are in memory
AHEAD = 64 << 20  # bytes of several objects that are

__all__ = [
    'Fetch',
    'Fetched',
    'Found',
    'ahead',
    'copy',
    'create',
    'download',
    'fetch_each',
    'listing',
    'read_each',
    'remove',
    'remove_tree',
    'replace',
    'upload',
    'write_each',
]

A = TypeVar('A')
B = TypeVar('B')


def upload(source: Path, target: StorePath) -> str | None:
    """A file into a store, whole or not at all; gives the object's etag."""
    os.stat(source)  # what is wrong with the file is no fault of the store
    return objects.put(target, source)


def download(source: StorePath, target: Path) -> None:
    """An object onto a disk, whole or not at all.

    Raises:
        FileNotFoundError: there is none.
        OSError: ESTALE: it was replaced meanwhile.
    """
    beside = target.with_name(f'.{target.name}.{os.getpid()}')
    try:
        with source.open(buffering=CHUNK) as stream, open(beside, 'wb') as file:
            shutil.copyfileobj(stream, file, CHUNK)
        os.replace(beside, target)
    finally:
        beside.unlink(missing_ok=True)


def copy(source: AnyPath, target: AnyPath) -> None:
    """A file to another place; within a bucket the bytes stay in the store."""
    if isinstance(source, Path) and isinstance(target, Path):
        shutil.copyfile(source, target)
    elif isinstance(source, Path):
        upload(source, target)  # type: ignore[arg-type]
    elif isinstance(target, Path):
        download(source, target)
    elif (source.scheme, source.bucket) == (target.scheme, target.bucket):
        objects.copy(source, target)
    else:
        with TemporaryDirectory(prefix='mien-') as folder:
            download(source, Path(folder, 'file'))
            upload(Path(folder, 'file'), target)


def remove(paths: Iterable[AnyPath]) -> None:
    """Deletes files; those that are not there are none."""
    for place, group in groupby(paths, lambda path: (path.scheme, path.bucket) if isinstance(path, StorePath) else None):
        if place is None:
            for path in group:
                path.unlink(missing_ok=True)
        else:
            for keys in _batches(path.key for path in group if isinstance(path, StorePath)):
                objects.delete(*place, keys)


def remove_tree(path: AnyPath) -> None:
    """Deletes everything below a folder, and the folder; nothing where there is none."""
    if isinstance(path, StorePath):
        for page in objects.pages(path):
            objects.delete(path.scheme, path.bucket, [meta['path'] for meta in page])
    else:
        with suppress(FileNotFoundError):
            shutil.rmtree(path)


def read_each(paths: Iterable[AnyPath], threads: int = THREADS) -> Iterator[bytes | None]:
    """Small files in order, None where there is none; those of a store are read ahead."""
    return ahead(_or_none, paths, lambda path: isinstance(path, StorePath), threads)


@dataclass(frozen=True)
class Fetch:
    """An object that is wanted.

    Attributes:
        limit: bytes that it may have; of a larger one the size alone is given.
        size: bytes that it seems to have.
    """

    path: StorePath
    limit: int
    size: int


def fetch_each(wanted: Iterable[Fetch], threads: int = THREADS) -> Iterator[Fetched | OSError]:
    """Objects in order, read ahead, one request each; what happened instead where one can't be had.

    In memory are `AHEAD` bytes and one object more at most, if their sizes are as they seem.
    """
    return ahead(_or_error, wanted, lambda one: True, threads, lambda one: one.size)


def write_each(files: Iterable[tuple[AnyPath, bytes]], threads: int = THREADS) -> None:
    """Writes many small files, each whole or not at all in a store; the first error is raised."""
    for _ in ahead(lambda file: file[0].write_bytes(file[1]), files, lambda file: isinstance(file[0], StorePath), threads):
        pass


def _or_none(path: AnyPath) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _or_error(wanted: Fetch) -> Fetched | OSError:
    try:
        return objects.get(wanted.path, wanted.limit)
    except OSError as error:
        return error


def ahead(
    work: Callable[[A], B],
    items: Iterable[A],
    is_slow: Callable[[A], bool],
    threads: int = THREADS,
    weigh: Callable[[A], int] = lambda item: 0,
) -> Iterator[B]:
    """Results in order; slow items are worked on by threads, at most `threads` ahead of the reader, and not much more than `AHEAD` bytes.

    Args:
        weigh: bytes of an item's result.
    """
    pool = ThreadPoolExecutor(threads, 'storage')
    waiting: deque[tuple[Callable[[], B], int]] = deque()
    held = 0
    try:
        for item in items:
            future: Future[B] | None = pool.submit(work, item) if is_slow(item) else None
            waiting.append((future.result if future else partial(work, item), weigh(item)))
            held += waiting[-1][1]
            while len(waiting) > threads or (held > AHEAD and len(waiting) > 1):
                result, weight = waiting.popleft()
                yield result()
                held -= weight
        while waiting:
            yield waiting.popleft()[0]()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _batches(keys: Iterable[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    for key in keys:
        batch.append(key)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
