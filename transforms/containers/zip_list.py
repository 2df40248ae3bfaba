"""Zip: the central directory, read as it comes; members are addressed by their local headers.

Source: PKWARE's APPNOTE.TXT 6.3.10, sections 4.3 to 4.5.
"""

from __future__ import annotations

import os
import stat
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from ...storage.path import located
from ..records import Failure, Status
from .member import MOST, Broken, Container, Member

END, END_64, LOCATOR_64, CENTRAL = b'PK\x05\x06', b'PK\x06\x06', b'PK\x06\x07', b'PK\x01\x02'
END_SIZE, END_64_SIZE, LOCATOR_SIZE, CENTRAL_SIZE = 22, 56, 20, 46
LONGEST_COMMENT = 0xFFFF
IN_EXTRA = 0xFFFFFFFF  # a value that stands in the zip64 extra field
ENCRYPTED = 0x2041  # bits of the flags: encrypted, strongly, header masked
METHODS = (0, 8)  # stored, deflated
UNIX = 3


@dataclass(frozen=True)
class Directory:
    """Where the central directory begins and ends in the file, and by how much all offsets are short of the truth."""

    start: int
    end: int
    ahead: int


def members(container: Container) -> Iterator[Member]:
    """Every member that is no folder; one of the container itself where its directory breaks off."""
    count = 0
    with located(container.path).open('rb') as file:
        try:
            directory = find_directory(file)
            file.seek(directory.start)
            while file.tell() < directory.end:
                member = _member(container, file, directory)
                count += 1
                if member is not None:
                    yield member
        except Broken as broken:
            detail = f'its directory can be read up to member {count}: {broken.failure.detail}'
            yield container.itself(Failure(broken.failure.status, detail))


def find_directory(file: BinaryIO) -> Directory:
    """The central directory, from the record at the end of the file; other bytes may stand before the archive.

    Raises:
        Broken: there is none, or it can't lie where the record says.
    """
    size = file.seek(0, os.SEEK_END)
    tail_at = max(0, size - END_SIZE - LONGEST_COMMENT)
    file.seek(tail_at)
    tail = file.read()
    found = _end(tail)
    if found < 0:
        raise Broken(Status.TRUNCATED, 'it ends without a directory')
    length, offset = struct.unpack('<12xLL2x', tail[found : found + END_SIZE])
    end = tail_at + found
    if IN_EXTRA in (length, offset) or _has_locator(file, end):
        end, length, offset = _end_64(file, end, length, offset)
    start = end - length
    if start < 0 or offset > start:
        raise Broken(Status.CORRUPT, f'a directory of {length} bytes at {offset} before byte {end}')
    return Directory(start, end, start - offset)


def _end(tail: bytes) -> int:
    """Where the record stands whose comment reaches to the end of the file, else the last one; -1 where there is none."""
    last = found = tail.rfind(END, 0, len(tail) - END_SIZE + len(END))
    while found >= 0 and found + END_SIZE + int.from_bytes(tail[found + END_SIZE - 2 : found + END_SIZE], 'little') != len(tail):
        found = tail.rfind(END, 0, found)
    return found if found >= 0 else last


def _has_locator(file: BinaryIO, end: int) -> bool:
    return _bytes(file, end - LOCATOR_SIZE, 4) == LOCATOR_64


def _end_64(file: BinaryIO, end: int, length: int, offset: int) -> tuple[int, int, int]:
    record = _bytes(file, end - LOCATOR_SIZE - END_64_SIZE, END_64_SIZE)
    if len(record) < END_64_SIZE or not record.startswith(END_64):
        return end, length, offset
    length, offset = struct.unpack('<40xQQ', record)
    return end - LOCATOR_SIZE - END_64_SIZE, length, offset


def _bytes(file: BinaryIO, at: int, size: int) -> bytes:
    if at < 0:
        return b''
    file.seek(at)
    return file.read(size)


def _member(container: Container, file: BinaryIO, directory: Directory) -> Member | None:
    fixed = file.read(CENTRAL_SIZE)
    if len(fixed) < CENTRAL_SIZE or not fixed.startswith(CENTRAL):
        raise Broken(Status.CORRUPT, f'no entry at byte {file.tell() - len(fixed)}')
    made_by, flags, method, crc, packed, size, name, extra, comment, external, offset = struct.unpack('<5xB2xHH4xLLLHHH4xLL', fixed)
    name_bytes, extra_bytes = file.read(name), file.read(extra)
    file.seek(comment, os.SEEK_CUR)
    if file.tell() > directory.end or len(extra_bytes) < extra:
        raise Broken(Status.CORRUPT, 'an entry reaches over its end')
    size, packed, offset = _wide(extra_bytes, (size, packed, offset))
    mode = external >> 16 if made_by == UNIX else 0
    if name_bytes.endswith(b'/') or stat.S_ISDIR(mode):
        return None
    offset += directory.ahead
    cut = Failure(Status.CORRUPT, 'lies beyond the archive') if offset + packed > directory.start else None
    address = container.address(offset=min(offset, MOST), packed=min(packed, MOST), method=method, crc=crc)
    return Member(name_bytes, min(size, MOST), address, _unreadable(flags, method, mode) or cut)


def _wide(extra: bytes, values: tuple[int, int, int]) -> tuple[int, int, int]:
    """Size, packed size and offset, with the 64-bit ones where they did not fit."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from('<HH', extra, at)
        if kind == 1:
            wide = iter(struct.unpack_from(f'<{min(length, len(extra) - at - 4) // 8}Q', extra, at + 4))
            size, packed, offset = (next(wide, value) if value == IN_EXTRA else value for value in values)
            return size, packed, offset
        at += 4 + length
    return values


def _unreadable(flags: int, method: int, mode: int) -> Failure | None:
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        return Failure(Status.UNREADABLE, f'is {"a symbolic link" if stat.S_ISLNK(mode) else "no regular file"} in an archive')
    if flags & ENCRYPTED:
        return Failure(Status.UNREADABLE, 'is encrypted')
    if method not in METHODS:
        return Failure(Status.UNREADABLE, f'is compressed by method {method} of zip, which is not read')
    return None
