"""The bytes of members, whatever they lie in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import BinaryIO

from ..records import Entry, Failure, Kind
from . import parquet, tar, zip_read


def read(kind: Kind, file: BinaryIO, entries: Sequence[Entry], max_bytes: int) -> Iterator[tuple[Entry, bytes | Failure]]:
    """The bytes of members of one container, each once, in the order in which they are best read.

    Args:
        file: the container, opened unbuffered.
        entries: members none of which the listing found to be larger than `max_bytes`.
    Raises:
        OSError: the surroundings failed.
    """
    match kind:
        case Kind.TAR:
            return tar.read(file, entries)
        case Kind.TAR_STREAM:
            return tar.read_stream(file, entries)
        case Kind.ZIP:
            return zip_read.read(file, entries)
        case Kind.PARQUET:
            return parquet.read(file, entries, max_bytes)
        case Kind.FILE:
            raise ValueError('a file of its own is no container')
