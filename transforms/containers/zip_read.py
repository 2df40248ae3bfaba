"""Zip: the bytes of a member by the place of its local header. What it unpacks to is held against what the directory says."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from ..records import Address, Entry, Failure, Status
from .member import bytes_at, place

LOCAL, LOCAL_SIZE = b'PK\x03\x04', 30
STORED = 0
PIECE = 1 << 18  # compressed bytes that are read at once


def read(file: BinaryIO, entries: Sequence[Entry]) -> Iterator[tuple[Entry, bytes | Failure]]:
    """The bytes of members, by their offsets; of none more than its entry's size."""
    for entry in sorted(entries, key=lambda entry: place(entry).offset):
        yield entry, _member(file, place(entry), entry.size or 0)


def _member(file: BinaryIO, address: Address, size: int) -> bytes | Failure:
    header = bytes_at(file, address.offset, LOCAL_SIZE)
    if len(header) < LOCAL_SIZE or not header.startswith(LOCAL):
        return Failure(Status.CORRUPT, f'no member at byte {address.offset} of the archive')
    start = address.offset + LOCAL_SIZE + sum(struct.unpack('<26xHH', header))
    if address.method == STORED:
        data = bytes_at(file, start, min(size, address.packed))
        return _checked(data, size, address.crc)
    try:
        return _checked(_inflated(file, start, address.packed, size), size, address.crc)
    except zlib.error as error:
        return Failure(Status.CORRUPT, f'cannot be unpacked: {error}')


def _inflated(file: BinaryIO, start: int, packed: int, size: int) -> bytes:
    """What `packed` bytes unpack to, and no more than one byte over `size`."""
    unpacker, found, left = zlib.decompressobj(-zlib.MAX_WBITS), [], size + 1
    for at in range(start, start + packed, PIECE):
        piece = bytes_at(file, at, min(PIECE, start + packed - at))
        while piece and left:
            found.append(unpacker.decompress(piece, left))
            left, piece = left - len(found[-1]), unpacker.unconsumed_tail
        if not left or unpacker.eof:
            break
    return b''.join(found)


def _checked(data: bytes, size: int, crc: int) -> bytes | Failure:
    if len(data) < size:
        return Failure(Status.TRUNCATED, f'unpacks to {len(data)} bytes, the archive says {size}')
    if len(data) > size:
        return Failure(Status.CORRUPT, f'unpacks to more than the {size} bytes that the archive says')
    return data if zlib.crc32(data) == crc else Failure(Status.CORRUPT, 'its checksum is not that of the archive')
