"""What tarfile reads from: a file that is sought in, or a stream that is read from the front. Neither goes back."""

from __future__ import annotations

import bz2
import gzip
import lzma
from typing import BinaryIO, cast

from ..records import Status
from .member import Broken

STEP = 1 << 16  # bytes that are read and dropped at once


class Source:
    """An open tar.

    Attributes:
        ended: whether a read met the end.
        name, mode: what tarfile looks for.
    """

    name = ''
    mode = 'rb'

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._at = file, 0
        self.ended = False

    def tell(self) -> int:
        return self._at

    def read(self, size: int) -> bytes:
        data = self._file.read(size)
        self.ended = len(data) < size
        self._at += len(data)
        return data

    def seek(self, place: int) -> None:
        """Goes on to a place.

        Raises:
            Broken: it lies behind: a member of negative size.
        """
        if place < self._at:
            raise Broken(Status.CORRUPT, 'a header leads back')
        self._go(place)

    def _go(self, place: int) -> None:
        self._file.seek(place)
        self._at = place


class Stream(Source):
    """A compressed tar: what is passed by is decompressed and dropped."""

    def _go(self, place: int) -> None:
        while self._at < place and self.read(min(STEP, place - self._at)):
            pass


def decompressed(file: BinaryIO) -> BinaryIO:
    """The bytes that a gzip, bzip2 or xz file holds, also one of several streams."""
    head = file.read(2)
    file.seek(0)
    if head == b'BZ':
        return cast(BinaryIO, bz2.BZ2File(file))
    return cast(BinaryIO, gzip.GzipFile(fileobj=file) if head == b'\x1f\x8b' else lzma.LZMAFile(file))
