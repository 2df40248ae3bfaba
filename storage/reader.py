"""A file object over an object of a store: asks for ranges, all of one version."""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING

from . import objects

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

    from .path import StorePath


def opened(path: StorePath, buffering: int) -> io.BufferedReader:
    """An object as a file that is open for reading, seekable.

    Args:
        buffering: bytes that are asked for at once.
    """
    return io.BufferedReader(_Ranges(path), buffering)


class _Ranges(io.RawIOBase):
    """Each read is one request, on the condition that the object is still the one that was opened."""

    def __init__(self, path: StorePath) -> None:
        super().__init__()
        self._path, self._at = path, 0
        self._found = objects.head(path)

    @property
    def name(self) -> str:
        """The url."""
        return str(self._path)

    @property
    def found(self) -> objects.Found:
        """What was known of the object when it was opened."""
        return self._found

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._found.size}[whence]
        if start + offset < 0:
            raise ValueError(f'negative seek position {start + offset}')
        self._at = start + offset
        return self._at

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer).cast('B')
        data = self._next(len(view))
        view[: len(data)] = data
        return len(data)

    def readall(self) -> bytes:
        return self._next(max(0, self._found.size - self._at))

    def _next(self, size: int) -> bytes:
        end = min(self._at + size, self._found.size)
        if end <= self._at:
            return b''
        data = objects.get_range(self._path, self._at, end, self._found.etag)
        self._at += len(data)
        return data
