"""Tells a container by its first bytes, whatever its name."""

from __future__ import annotations

import os
import stat
import tarfile

from ...storage.definite import is_definite
from ...storage.either import read_range
from ...storage.path import is_stored, located
from ..records import Kind

COMPRESSED = (b'\x1f\x8b', b'BZh', b'\xfd7zXZ\0')
ZIP = (b'PK\x03\x04', b'PK\x05\x06', b'PK\x07\x08')
PARQUET = b'PAR1'
HEAD = tarfile.BLOCKSIZE


def kind_of(path: str) -> Kind:
    """The kind of container that a file begins like; `file` where it begins like none, is no regular file or can't be opened."""
    head = read_head(path)
    if head.startswith(ZIP):
        return Kind.ZIP
    if head.startswith(COMPRESSED):
        return Kind.TAR_STREAM
    if head.startswith(PARQUET):
        return Kind.PARQUET
    return Kind.TAR if is_tar(head) else Kind.FILE


def read_head(path: str) -> bytes:
    """A file's first bytes; none of what is no regular file or can't be opened.

    Raises:
        OSError: the disk or the store does not answer.
    """
    try:
        return read_range(located(path), 0, HEAD) if is_stored(path) or stat.S_ISREG(os.stat(path).st_mode) else b''
    except OSError as error:
        if is_definite(error):
            return b''
        raise


def is_tar(head: bytes) -> bool:
    """Whether a block is a tar header: by its magic, or, in the format without one, by its checksum."""
    if head.startswith(b'ustar', 257):
        return True
    try:
        return bool(tarfile.TarInfo.frombuf(head, 'utf-8', 'surrogateescape').name)
    except (tarfile.HeaderError, ValueError, IndexError):
        return False
