"""Reads the bytes of a shard's photos one after the other; a photo that can't be had is a record with its reason."""

from __future__ import annotations

import os
import stat
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from io import FileIO
from typing import BinaryIO

from ..storage.definite import GONE, REFUSED
from ..storage.either import etag_of
from ..storage.files import Fetch, fetch_each
from ..storage.path import StorePath, is_stored, located
from .containers.reader import read
from .records import Address, Entry, Failure, LoadedImage, Status

TRIES = 5
FIRST_PAUSE = 0.5  # seconds; doubles with every try
CHANGED = Failure(Status.UNREADABLE, 'the archive changed after it was listed')

KINDS = {
    stat.S_IFIFO: 'a named pipe',
    stat.S_IFSOCK: 'a socket',
    stat.S_IFDIR: 'a folder that may not be entered or leads back up',
    stat.S_IFBLK: 'a device',
    stat.S_IFCHR: 'a device',
}


def load_all(shard: int, entries: Iterable[Entry], max_bytes: int) -> Iterator[LoadedImage]:
    """All inputs of a shard, each with its bytes or the reason why it has none; an archive is opened once.

    Raises:
        OSError: the surroundings failed (a broken disk or connection, too many open files) and went on failing.
    """
    archives: dict[str, list[Entry]] = defaultdict(list)
    stored: list[Entry] = []
    for entry in entries:
        failure = entry.failure or _too_large(entry, max_bytes)
        if failure is not None:
            yield LoadedImage(shard, entry, b'', failure, is_stored(entry.path) or is_settled(entry))
        elif entry.address is not None:
            archives[entry.path].append(entry)
        elif is_stored(entry.path):
            stored.append(entry)
        else:
            yield load(shard, entry, max_bytes)
    for entry, data, settled in read_objects(stored, max_bytes):
        yield _as_loaded(shard, entry, data, settled)
    for path, members in archives.items():
        for entry, data in read_members(path, members, max_bytes):
            yield _as_loaded(shard, entry, data, data is not CHANGED if is_stored(path) else is_settled(entry))


def load(shard: int, entry: Entry, max_bytes: int) -> LoadedImage:
    """One file with its bytes, or with the reason why it has none."""
    data = read_bytes(entry.path, max_bytes)
    return _as_loaded(shard, entry, data, is_settled(entry))


def read_objects(entries: list[Entry], max_bytes: int) -> Iterator[tuple[Entry, bytes | Failure, bool]]:
    """The bytes of objects of a store, each by one request, some of them at once; and whether each is what was listed.

    Raises:
        OSError: the store failed and went on failing.
    """
    wanted = (Fetch(_object(entry), max_bytes, max_bytes if entry.size is None else entry.size) for entry in entries)
    for entry, found in zip(entries, fetch_each(wanted), strict=True):
        if isinstance(found, OSError):
            yield entry, _definite(found), entry.etag is None
        else:
            data = found.data if found.size <= max_bytes else Failure(Status.TOO_LARGE, f'{found.size} bytes, limit {max_bytes}')
            yield entry, data, found.etag == entry.etag


def read_bytes(path: str, max_bytes: int) -> bytes | Failure:
    """A file's bytes, or the definite reason why this file has none.

    Raises:
        OSError: see `load_all`.
    """
    for pause in _pauses():
        try:
            return _read(path, max_bytes)
        except OSError:
            time.sleep(pause)
    return _read(path, max_bytes)


def read_members(path: str, entries: Iterable[Entry], max_bytes: int) -> Iterator[tuple[Entry, bytes | Failure]]:
    """The bytes of members of one archive; after a failure of the surroundings it goes on with those that are left.

    Raises:
        OSError: see `load_all`.
    """
    left = {entry.uri: entry for entry in entries}
    pauses = _pauses()
    while left:
        try:
            for entry, data in _members(path, list(left.values()), max_bytes):
                del left[entry.uri]
                pauses = _pauses()
                yield entry, data
        except OSError:
            pause = next(pauses, None)
            if pause is None:
                raise
            time.sleep(pause)


def _object(entry: Entry) -> StorePath:
    place = located(entry.path)
    assert isinstance(place, StorePath)
    return place


def is_settled(entry: Entry) -> bool:
    """Whether size and time of an entry's file are still those of the plan."""
    try:
        found = os.stat(entry.path)
    except OSError:
        return entry.mtime_ns is None
    size = entry.size if entry.address is None else entry.address.container_size
    return (found.st_size, found.st_mtime_ns) == (size, entry.mtime_ns)


def _as_loaded(shard: int, entry: Entry, data: bytes | Failure, settled: bool) -> LoadedImage:
    return LoadedImage(shard, entry, b'', data, settled) if isinstance(data, Failure) else LoadedImage(shard, entry, data, None, settled)


def _pauses() -> Iterator[float]:
    return iter([FIRST_PAUSE * 2**index for index in range(TRIES - 1)])


def _too_large(entry: Entry, max_bytes: int) -> Failure | None:
    """Of members alone: a file may have changed."""
    if entry.address is None or entry.size is None or entry.size <= max_bytes:
        return None
    return Failure(Status.TOO_LARGE, f'{entry.size} bytes, limit {max_bytes}')


def _members(path: str, entries: list[Entry], max_bytes: int) -> Iterator[tuple[Entry, bytes | Failure]]:
    try:
        file = located(path).open('rb') if is_stored(path) else open(path, 'rb', buffering=0, opener=_open)  # noqa: SIM115
    except OSError as error:
        failure = _definite(error)
        yield from ((entry, failure) for entry in entries)
        return
    with file:
        first = entries[0]
        assert first.address is not None
        changed = _changed(file, first, first.address)
        for entry, data in ((entry, CHANGED) for entry in entries) if changed else read(first.kind, file, entries, max_bytes):
            yield entry, CHANGED if _changed(file, first, first.address) else data


def _changed(file: BinaryIO, entry: Entry, address: Address) -> bool:
    if is_stored(entry.path):
        return etag_of(file) != entry.etag
    found = os.fstat(file.fileno())
    return (found.st_size, found.st_mtime_ns) != (address.container_size, entry.mtime_ns)


def _read(path: str, max_bytes: int) -> bytes | Failure:
    try:
        mode = os.stat(path).st_mode
        if not stat.S_ISREG(mode):  # a pipe, socket or device is never opened
            return Failure(Status.UNREADABLE, f'is {kind(mode)}')
        with open(path, 'rb', buffering=0, opener=_open) as file:
            return _whole(file, max_bytes)
    except OSError as error:
        return _definite(error)


def _open(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC)


def _whole(file: FileIO, max_bytes: int) -> bytes | Failure:
    size = os.fstat(file.fileno()).st_size
    if size > max_bytes:
        return Failure(Status.TOO_LARGE, f'{size} bytes, limit {max_bytes}')
    data = file.read(size + 1)  # one more, should it have grown: a read costs what it asks for
    # A read may end early, also before an error that only the next one tells.
    while len(data) != size and len(data) <= max_bytes and (more := file.read(max(len(data), size - len(data)))):
        data += more
    return data if len(data) <= max_bytes else Failure(Status.TOO_LARGE, f'{len(data)} bytes, limit {max_bytes}')


def _definite(error: OSError) -> Failure:
    if error.errno in GONE:
        return Failure(Status.MISSING, 'listed, then gone, or a dangling link')
    if error.errno in REFUSED:
        return Failure(Status.UNREADABLE, os.strerror(error.errno))
    raise error


def kind(mode: int) -> str:
    """What a file that is no regular one is, in words."""
    return KINDS.get(stat.S_IFMT(mode), 'no regular file')
