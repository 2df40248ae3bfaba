"""What a container holds, as all kinds of containers say it."""

from __future__ import annotations

import errno
import lzma
import os
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO

import pyarrow as pa

from ..records import Address, Entry, Failure, Kind, Status

SENSELESS = (
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    pa.ArrowException,
    ValueError,
    LookupError,
    OverflowError,
    RecursionError,
)
NOWHERE = (None, errno.EINVAL, errno.EOVERFLOW)  # a reader's own, or a place in the file where none can be
MOST = (1 << 63) - 1  # a larger size is a lie, and fits into no table
PIECE = 1 << 30  # bytes; the system gives at most 2 GiB at once


@dataclass(frozen=True)
class Container:
    """A file that holds photos.

    Attributes:
        uri: its own name, which those of its members begin with.
        size: bytes.
        mtime_ns: time of its last change in nanoseconds since 1970.
        etag: what a store calls this version of it.
    """

    kind: Kind
    uri: str
    path: str
    size: int
    mtime_ns: int
    etag: str | None = None

    def address(self, **place: Any) -> Address:
        """Where a member lies in it."""
        return Address(self.kind, self.uri, self.size, **place)

    def itself(self, failure: Failure) -> Member:
        """What is said of the container where it could not be read to its end."""
        return Member(None, self.size, None, failure)


@dataclass(frozen=True)
class Member:
    """Something in a container that is no folder.

    Attributes:
        name: as the container gives it; null where it gives none.
        size: bytes; null where only reading tells.
        address: null: this is said of the container itself.
        failure: what is known to be wrong with it.
    """

    name: bytes | None
    size: int | None
    address: Address | None
    failure: Failure | None = None


class Broken(Exception):
    """A container ends too early or makes no sense from some place on."""

    def __init__(self, status: Status, detail: str) -> None:
        super().__init__(detail)
        self.failure = Failure(status, detail)


@contextmanager
def faults() -> Iterator[None]:
    """Turns what a hostile container makes its readers raise into Broken; a failing disk stays an OSError."""
    try:
        yield
    except EOFError as error:
        raise Broken(Status.TRUNCATED, 'it ends too early') from error
    except SENSELESS as error:
        raise Broken(Status.CORRUPT, _one_line(error)) from error
    except OSError as error:
        if error.errno not in NOWHERE:
            raise
        raise Broken(Status.CORRUPT, _one_line(error)) from error


def bytes_at(file: BinaryIO, offset: int, size: int) -> bytes:
    """`size` bytes of an open file from `offset` on; fewer where it ends before."""
    file.seek(offset)
    pieces = []
    while size > 0 and (piece := file.read(min(size, PIECE))):
        pieces.append(piece)
        size -= len(piece)
    return b''.join(pieces)


def size_of(file: BinaryIO) -> int:
    """Bytes of an open file; it is at its front then."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    return size


def place(entry: Entry) -> Address:
    """The address of an entry that is a member."""
    assert entry.address is not None
    return entry.address


def _one_line(error: Exception) -> str:
    return ' '.join(str(error).split())[:200] or type(error).__name__
