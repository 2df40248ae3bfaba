"""What is read alike from a disk and from a store."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from . import objects
from .path import AnyPath, StorePath, is_stored


def absolute(given: str) -> str:
    """A place as it is called from anywhere: a url is so already."""
    return given if is_stored(given) else os.path.abspath(given)


def last_name(given: str) -> str:
    """The name of a folder or file, also of `.` and `..`."""
    return PurePosixPath(given).name if is_stored(given) else Path(given).resolve().name


def read_range(path: AnyPath, start: int, size: int) -> bytes:
    """`size` bytes of a file from `start` on; fewer where it ends before."""
    if isinstance(path, StorePath):
        return objects.get_range(path, start, start + size, None)
    with open(path, 'rb', buffering=0) as file:
        file.seek(start)
        return file.read(size)


def files_in(folder: AnyPath) -> Iterator[AnyPath]:
    """Every file below a folder, hidden ones too; none where there is no such folder."""
    return (path for path in folder.rglob('*') if isinstance(path, StorePath) or path.is_file())


def etag_of(file: BinaryIO) -> str | None:
    """The version of the object that an open file of a store reads."""
    etag: str | None = file.raw.found.etag  # type: ignore[attr-defined]
    return etag


def below(path: AnyPath, folder: AnyPath) -> PurePosixPath:
    """The way from a folder to what is below it."""
    if isinstance(path, StorePath):
        assert isinstance(folder, StorePath)
        return path.relative_to(folder)
    return PurePosixPath(path.relative_to(str(folder)).as_posix())
