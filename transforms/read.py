"""Reads the bytes of a shard's photos one after the other; a photo that can't be had is a record with its reason."""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from io import FileIO

import apache_beam as beam
from apache_beam.pvalue import PCollection

from .plan_file import read_plan
from .records import Entry, Failure, LoadedImage, Status

TRIES = 5
FIRST_PAUSE = 0.5  # seconds; doubles with every try
GONE = (errno.ENOENT, errno.ENOTDIR)
REFUSED = (errno.EACCES, errno.EPERM, errno.ELOOP, errno.EISDIR, errno.ENXIO, errno.ENODEV, errno.ENAMETOOLONG)

KINDS = {
    stat.S_IFIFO: 'a named pipe',
    stat.S_IFSOCK: 'a socket',
    stat.S_IFDIR: 'a folder that may not be entered or leads back up',
    stat.S_IFBLK: 'a device',
    stat.S_IFCHR: 'a device',
}


def read_bytes(path: str, max_bytes: int) -> bytes | Failure:
    """A file's bytes, or the definite reason why this file has none.

    Raises:
        OSError: the surroundings failed (a broken disk or connection, too many open files) and went on failing.
    """
    for pause in [FIRST_PAUSE * 2**index for index in range(TRIES - 1)]:
        try:
            return _read(path, max_bytes)
        except OSError:
            time.sleep(pause)
    return _read(path, max_bytes)


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
    data = file.read(max_bytes + 1) if size <= max_bytes else b''
    size = max(size, len(data))
    return data if size <= max_bytes else Failure(Status.TOO_LARGE, f'{size} bytes, limit {max_bytes}')


def _definite(error: OSError) -> Failure:
    if error.errno in GONE:
        return Failure(Status.MISSING, 'listed, then gone, or a dangling link')
    if error.errno in REFUSED:
        return Failure(Status.UNREADABLE, os.strerror(error.errno))
    raise error


def kind(mode: int) -> str:
    """What a file that is no regular one is, in words."""
    return KINDS.get(stat.S_IFMT(mode), 'no regular file')


def load(shard: int, entry: Entry, max_bytes: int) -> LoadedImage:
    """One input with its bytes, or with the reason why it has none."""
    data = read_bytes(entry.path, max_bytes)
    return LoadedImage(shard, entry, b'', data) if isinstance(data, Failure) else LoadedImage(shard, entry, data)


@dataclass(eq=False)
class ReadImages(beam.PTransform):
    """Shard numbers to the photos of each shard, in the order of their uris, one at a time."""

    folder: str
    shards: int
    max_bytes: int

    def expand(self, numbers: PCollection[int]) -> PCollection[LoadedImage]:
        return numbers | 'Load' >> beam.FlatMap(self._images).with_output_types(LoadedImage)

    def _images(self, shard: int) -> Iterator[LoadedImage]:
        for entry in read_plan(self.folder, shard, self.shards):
            yield load(shard, entry, self.max_bytes)
