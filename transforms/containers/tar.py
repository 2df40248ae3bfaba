"""Tar: members are addressed by where their data lie. Compressed: by their number, read from the front, never unpacked to a disk."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import BinaryIO

from ...storage.path import located
from ..records import Entry, Failure, Kind, Status
from .kinds import HEAD, is_tar
from .member import MOST, Broken, Container, Member, bytes_at, faults, place
from .source import HEADERS, Source, Stream, decompressed

LONG = (tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK, tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE)
LONGEST = 1 << 20  # bytes of a long name or a pax header that are believed
MOST_GLOBAL = 100  # names of a pax header for all members: tarfile keeps them, and copies them to each
TYPES = {
    tarfile.LNKTYPE: 'a hard link',
    tarfile.SYMTYPE: 'a symbolic link',
    tarfile.CHRTYPE: 'a device',
    tarfile.BLKTYPE: 'a device',
    tarfile.FIFOTYPE: 'a named pipe',
}
CUT = Failure(Status.TRUNCATED, 'the archive ends inside of it')


class Header(tarfile.TarInfo):
    """A header that tells a broken archive from one that ended: tarfile takes both for the end."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Header:
        if len(buf) < tarfile.BLOCKSIZE:
            raise Broken(Status.TRUNCATED, 'it ends inside of a header' if buf else 'it ends without an end mark')
        if not any(buf):
            return super().frombuf(buf, encoding, errors)  # raises what stands for the end
        try:
            header = super().frombuf(buf, encoding, errors)
        except tarfile.HeaderError as error:
            raise Broken(Status.CORRUPT, str(error)) from error
        if header.type in LONG and header.size > LONGEST:
            raise tarfile.HeaderError(f'a header that says it is {header.size} bytes long')
        return header


def members(container: Container) -> Iterator[Member]:
    """Every member that is no folder; one of the container itself where it breaks off."""
    with located(container.path).open('rb') as file:
        if container.kind is Kind.TAR_STREAM and (failure := _no_tar(file)):
            yield container.itself(failure)
        else:
            yield from _members(container, _source(container.kind, file))


def _members(container: Container, source: Source) -> Iterator[Member]:
    held: tuple[int, tarfile.TarInfo] | None = None  # whether its data are whole is known where the next one begins
    try:
        for number, header in enumerate(headers(source)):
            yield from _member(container, held)
            held = number, header
    except Broken as broken:
        reach = container.size if container.kind is Kind.TAR else source.tell()
        yield from _member(container, held, reach)
        count = 0 if held is None else held[0] + 1
        detail = f'can be read up to byte {min(reach, source.tell())}, {count} members: {broken.failure.detail}'
        yield container.itself(replace(broken.failure, detail=detail))
    else:
        yield from _member(container, held)


def headers(source: Source) -> Iterator[tarfile.TarInfo]:
    """The headers of an archive, and of others that `cat` joined to it, one at a time; none is kept.

    Raises:
        Broken: the archive makes no sense or ends too early from here on.
    """
    is_more = True
    while is_more:
        with _reading(source):
            archive = tarfile.TarFile(fileobj=source, tarinfo=Header, encoding='utf-8', errors='surrogateescape')  # type: ignore[arg-type]
        while (header := _next(archive, source)) is not None:
            yield header
        is_more = _is_more(source)


def read(file: BinaryIO, entries: Sequence[Entry]) -> Iterator[tuple[Entry, bytes | Failure]]:
    """The bytes of members of a tar, by their offsets."""
    for entry in sorted(entries, key=lambda entry: place(entry).offset):
        data = bytes_at(file, place(entry).offset, entry.size or 0)
        yield entry, data if len(data) == entry.size else CUT


def read_stream(file: BinaryIO, entries: Sequence[Entry]) -> Iterator[tuple[Entry, bytes | Failure]]:
    """The bytes of members of a compressed tar, in one go from the front; what lies behind a broken place fails with it."""
    wanted = {place(entry).number: entry for entry in entries}
    failure = Failure(Status.CORRUPT, 'the archive ends before it')
    try:
        source = Stream(file)
        for number, _ in enumerate(headers(source)):
            if number in wanted:
                size = wanted[number].size or 0
                with faults():
                    data = source.take(size)
                yield wanted.pop(number), data if len(data) == size else CUT
            if not wanted:
                return
    except Broken as broken:
        failure = broken.failure
    for entry in wanted.values():
        yield entry, failure


def _is_more(source: Source) -> bool:
    """Whether another archive follows; rubbish behind the end mark is none of the archive's business."""
    try:
        with faults():
            return source.begins_again()
    except Broken:
        return False


def _source(kind: Kind, file: BinaryIO) -> Source:
    return Source(file) if kind is Kind.TAR else Stream(file)


def _no_tar(file: BinaryIO) -> Failure | None:
    """What is wrong with a compressed file that does not begin like a compressed tar."""
    try:
        with faults():
            head = decompressed(file).read(HEAD)
    except Broken as broken:
        return broken.failure
    file.seek(0)
    return None if is_tar(head) or head == bytes(HEAD) else Failure(Status.NOT_AN_IMAGE, 'a compressed file that holds no tar')


def _next(archive: tarfile.TarFile, source: Source) -> tarfile.TarInfo | None:
    source.headers = HEADERS
    with _reading(source):
        header = archive.next()
    archive.members.clear()  # type: ignore[attr-defined]  # tarfile keeps every header that it has seen
    if header is None and not source.blank:
        raise Broken(Status.CORRUPT, 'a header that makes no sense')
    if header is not None and header.size < 0:
        raise Broken(Status.CORRUPT, f'a member of {header.size} bytes')
    if len(archive.pax_headers) > MOST_GLOBAL:
        raise Broken(Status.CORRUPT, f'headers for all members of more than {MOST_GLOBAL} names')
    return header


@contextmanager
def _reading(source: Source) -> Iterator[None]:
    try:
        with faults():
            yield
    except Broken as broken:
        if source.ended and broken.failure.status is Status.CORRUPT:
            raise Broken(Status.TRUNCATED, 'it ends inside of a member') from broken
        raise


def _member(container: Container, held: tuple[int, tarfile.TarInfo] | None, reach: int | None = None) -> Iterator[Member]:
    """A header as a member, if it is one; `reach` is where an archive that broke off ends."""
    if held is None or held[1].isdir():
        return
    number, header = held
    name = header.name.encode('utf-8', 'surrogateescape')
    stream = container.kind is Kind.TAR_STREAM
    address = container.address(number=number) if stream else container.address(offset=header.offset_data)
    cut = CUT if reach is not None and header.offset_data + header.size > reach else None
    yield Member(name, min(header.size, MOST), address, _unreadable(header) or cut)


def _unreadable(header: tarfile.TarInfo) -> Failure | None:
    if header.issparse():
        return Failure(Status.UNREADABLE, 'is a sparse member of an archive')
    if header.isreg():
        return None
    return Failure(Status.UNREADABLE, f'is {TYPES.get(header.type, f"of type {header.type!r}")} in an archive')
