"""What tarfile reads from: a file that is sought in, or a stream that is read from the front. Neither goes back."""

from __future__ import annotations

import bz2
import gzip
import lzma
import tarfile
from typing import BinaryIO, cast

from ..records import Status
from .kinds import is_tar
from .member import Broken, size_of

STEP = 1 << 16  # bytes that are read and dropped at once
RATIO, FREE = 250, 1 << 30  # a compressed archive may unpack to so many times its size, and to so many bytes in any case
HEADERS = 1 << 22  # bytes of headers before one member that are believed
PADDING = 1 << 20  # bytes of zeros behind an archive that are passed by
BLANK = bytes(tarfile.BLOCKSIZE)


class Source:
    """An open tar.

    Attributes:
        ended: whether a read met the end.
        blank: whether the last read met a block of zeros, as an archive's end is marked.
        headers: bytes that may still be read as headers of the next member.
        name, mode: what tarfile looks for.
    """

    name = ''
    mode = 'rb'

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._at, self._back = file, 0, b''
        self.ended = self.blank = False
        self.headers = HEADERS

    def tell(self) -> int:
        return self._at

    def read(self, size: int) -> bytes:
        """Headers.

        Raises:
            Broken: there is no end of them.
        """
        self.headers -= size
        if self.headers < 0:
            raise Broken(Status.CORRUPT, f'a member with more than {HEADERS} bytes of headers')
        return self.take(size)

    def take(self, size: int) -> bytes:
        """Data."""
        back, self._back = self._back[:size], self._back[size:]
        data = back + self._file.read(size - len(back))
        self.ended, self.blank = len(data) < size, data == BLANK
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

    def begins_again(self) -> bool:
        """Whether another archive follows the end mark of one, as `cat` joins them; then it is read next. Zeros may stand between."""
        for _ in range(PADDING // len(BLANK)):
            block = self.take(len(BLANK))
            if block != BLANK:
                self._back, self._at = block, self._at - len(block)
                return len(block) == len(BLANK) and is_tar(block)
        return False

    def _go(self, place: int) -> None:
        self._file.seek(place)
        self._at, self._back = place, b''


class Stream(Source):
    """A compressed tar: what is passed by is decompressed and dropped, up to a limit."""

    def __init__(self, file: BinaryIO) -> None:
        self._most = FREE + RATIO * size_of(file)
        super().__init__(decompressed(file))

    def take(self, size: int) -> bytes:
        data = super().take(size)
        if self._at > self._most:
            raise Broken(Status.CORRUPT, f'it unpacks to more than {RATIO} times its size')
        return data

    def _go(self, place: int) -> None:
        while self._at < place and self.take(min(STEP, place - self._at)):
            pass


def decompressed(file: BinaryIO) -> BinaryIO:
    """The bytes that a gzip, bzip2 or xz file holds, also one of several streams."""
    head = file.read(2)
    file.seek(0)
    if head == b'BZ':
        return cast(BinaryIO, bz2.BZ2File(file))
    return cast(BinaryIO, gzip.GzipFile(fileobj=file) if head == b'\x1f\x8b' else lzma.LZMAFile(file))
