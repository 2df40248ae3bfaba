"""Files in memory that two processes share by an inherited descriptor."""

from __future__ import annotations

import os


def write_all(descriptor: int, data: bytes) -> None:
    """Replaces the beginning of a file."""
    done, view = 0, memoryview(data)
    while done < len(data):
        done += os.pwrite(descriptor, view[done:], done)


def read_all(descriptor: int, length: int) -> bytes:
    """The first `length` bytes of a file that has as many.

    Raises:
        EOFError: it has fewer.
    """
    data = os.pread(descriptor, length, 0)
    while len(data) < length:
        more = os.pread(descriptor, length - len(data), len(data))
        if not more:
            raise EOFError(f'{len(data)} of {length} bytes')
        data += more
    return data
