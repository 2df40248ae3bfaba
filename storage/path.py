"""A place on a disk or in a store: pathlib's Path, or a StorePath with the same methods, as far as they are used here."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator
from dataclasses import dataclass, replace
from io import BufferedReader
from pathlib import Path, PurePath, PurePosixPath
from typing import TypeAlias

from ..configs.errors import UsageError
from . import objects
from .objects import Found
from .reader import opened

SCHEMES = ('s3', 'gs')
BUFFER = 1 << 20  # bytes asked for at once by a reader


@dataclass(frozen=True, order=True)
class StorePath:
    """An object or a folder of a store. A folder is no thing of its own: it is there while something is below it.

    Attributes:
        scheme: s3 or gs.
        key: without a slash at either end; empty: the bucket itself.
    """

    scheme: str
    bucket: str
    key: str = ''

    def __str__(self) -> str:
        return f'{self.scheme}://{self.bucket}/{self.key}'.rstrip('/')

    def __truediv__(self, below: str | PurePath) -> StorePath:
        return self.joinpath(below)

    def joinpath(self, *below: str | PurePath) -> StorePath:
        """A place below this one."""
        parts = (str(part) if isinstance(part, str) else part.as_posix() for part in below)
        return replace(self, key='/'.join(part for part in (self.key, *(part.strip('/') for part in parts)) if part not in ('', '.')))

    def relative_to(self, other: StorePath) -> PurePosixPath:
        """The way from `other` to here.

        Raises:
            ValueError: this is not below it.
        """
        if not self.is_relative_to(other):
            raise ValueError(f'{self} is not below {other}')
        return PurePosixPath(self.key.removeprefix(other.key).lstrip('/'))

    def is_relative_to(self, other: StorePath) -> bool:
        """Whether this is `other` or below it."""
        start = f'{other.key}/' if other.key else ''
        return (self.scheme, self.bucket) == (other.scheme, other.bucket) and f'{self.key}/'.startswith(start)

    @property
    def name(self) -> str:
        """The last part of the key; the bucket's name at the top."""
        return self.key.rpartition('/')[2] or self.bucket

    @property
    def suffix(self) -> str:
        """As pathlib's."""
        return PurePosixPath(self.name).suffix

    @property
    def stem(self) -> str:
        """As pathlib's."""
        return PurePosixPath(self.name).stem

    @property
    def parent(self) -> StorePath:
        """The folder that holds this; the bucket's is itself."""
        return replace(self, key=self.key.rpartition('/')[0])

    def with_name(self, name: str) -> StorePath:
        """Beside this."""
        return self.parent / name

    def as_posix(self) -> str:
        """The url."""
        return str(self)

    def exists(self) -> bool:
        """Whether there is an object; see `is_dir` for a folder."""
        try:
            self.stat()
        except FileNotFoundError:
            return False
        return True

    def is_file(self) -> bool:
        """Whether there is an object."""
        return self.exists()

    def is_dir(self) -> bool:
        """Whether something is below."""
        return any(meta['path'] != self.key for page in objects.pages(self) for meta in page)

    def stat(self) -> Found:
        """What is known of an object.

        Raises:
            FileNotFoundError: there is none.
        """
        return objects.head(self)

    def read_bytes(self) -> bytes:
        """An object, whole."""
        return objects.get(self).data

    def read_text(self, encoding: str = 'utf-8') -> str:
        """An object, whole."""
        return self.read_bytes().decode(encoding)

    def write_bytes(self, data: bytes) -> int:
        """Writes an object whole, or not at all."""
        objects.put(self, data)
        return len(data)

    def write_text(self, text: str, encoding: str = 'utf-8') -> int:
        """Writes an object whole, or not at all."""
        return self.write_bytes(text.encode(encoding))

    def open(self, mode: str = 'rb', buffering: int = BUFFER) -> BufferedReader:
        """Reads an object by ranges, seekable.

        Args:
            mode: rb; objects are written whole.
            buffering: bytes that are asked for at once.
        Raises:
            FileNotFoundError: there is none.
            OSError: of a read, ESTALE: the object was replaced after it was opened.
        """
        if mode != 'rb':
            raise ValueError(f'{self}: an object is opened by rb, not {mode}')
        return opened(self, buffering)

    def unlink(self, missing_ok: bool = False) -> None:
        """Deletes an object.

        Raises:
            FileNotFoundError: there is none.
        """
        if not missing_ok:
            self.stat()
        objects.delete(self.scheme, self.bucket, [self.key])

    def iterdir(self) -> Iterator[StorePath]:
        """Objects and folders directly below, sorted; none where there is no such folder."""
        metas, folders = objects.level(self)
        keys = {meta['path'] for meta in metas if meta['size'] or meta['path'] not in folders} | set(folders)
        return iter(sorted(replace(self, key=key) for key in keys if key != self.key))

    def glob(self, pattern: str) -> Iterator[StorePath]:
        """Objects and folders below, sorted, one level for each part of the pattern; `**` is not known."""
        first, _, rest = pattern.partition('/')
        if '**' in pattern:
            raise ValueError(f'{pattern!r}: ** is not known in a store; use rglob')
        for path in self.iterdir():
            if fnmatch.fnmatchcase(path.name, first):
                yield from path.glob(rest) if rest else (path,)

    def rglob(self, pattern: str = '*') -> Iterator[StorePath]:
        """All objects below whose name fits, in the order of their keys; no folders."""
        for page in objects.pages(self):
            for meta in page:
                path = replace(self, key=meta['path'])
                if fnmatch.fnmatchcase(path.name, pattern) and not objects.is_marker(self, meta):
                    yield path

    def mkdir(self, mode: int = 0o777, parents: bool = False, exist_ok: bool = False) -> None:
        """Nothing: a folder is there as soon as something is below it."""

    def rmdir(self) -> None:
        """Nothing: a folder goes with the last object below it."""


AnyPath: TypeAlias = Path | StorePath


def is_stored(folder: str | PurePath | StorePath) -> bool:
    """Whether a place is in an object store."""
    return isinstance(folder, StorePath) or (isinstance(folder, str) and folder.startswith(tuple(f'{scheme}://' for scheme in SCHEMES)))


def located(folder: str | PurePath | StorePath, *below: str | PurePath) -> AnyPath:
    """A folder, or what is below it, wherever it lies.

    Raises:
        UsageError: a url without a bucket.
    """
    if isinstance(folder, StorePath):
        return folder.joinpath(*below)
    if not isinstance(folder, str) or not is_stored(folder):
        return Path(folder, *below)
    scheme, _, place = folder.partition('://')
    bucket, _, key = place.partition('/')
    if not bucket:
        raise UsageError(f'{folder}: names no bucket; say {scheme}://BUCKET/FOLDER')
    return StorePath(scheme, bucket, key.strip('/')).joinpath(*below)
