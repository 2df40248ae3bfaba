"""The requests themselves, one function each, on keys of one bucket; errors as `patience.ask` raises them."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import obstore
from obstore.exceptions import BaseError

from .errors import Changed, answer, is_passing
from .patience import ask
from .stores import store

if TYPE_CHECKING:
    from pathlib import Path

    from obstore import GetOptions, ObjectMeta, PutMode

    from .path import StorePath

BATCH = 1000  # keys of a page, and of a bulk delete
NOTHING_THERE = 416  # the range begins behind the end
PART = 8 << 20  # bytes; what is larger goes up in parts of this size
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Found:
    """An object that is there.

    Attributes:
        path: its url, or of a listing its key below the listed folder.
        size: bytes.
        mtime_ns: when it was written, whole seconds: a listing says more than a HEAD does.
        etag: changes with the content; None where the store gives none.
    """

    path: str
    size: int
    mtime_ns: int
    etag: str | None

    @property
    def st_size(self) -> int:
        """As `os.stat_result` says it."""
        return self.size

    @property
    def st_mtime_ns(self) -> int:
        """As `os.stat_result` says it."""
        return self.mtime_ns


@dataclass(frozen=True)
class Fetched:
    """An object's bytes; none where it is larger than was asked for.

    Attributes:
        size: of the whole object, bytes.
    """

    data: bytes
    etag: str | None
    size: int

    @property
    def is_too_large(self) -> bool:
        """Whether the bytes were left in the store."""
        return self.size > len(self.data)


def found(path: str, meta: ObjectMeta) -> Found:
    """What a store says of an object."""
    return Found(path, meta['size'], (meta['last_modified'] - _EPOCH) // timedelta(seconds=1) * 10**9, meta['e_tag'])


def head(path: StorePath) -> Found:
    """What is known of an object without its bytes.

    A HEAD has no body, so that a refused one is asked again by a GET, which says why.
    """
    client = store(path.scheme, path.bucket)

    def request() -> ObjectMeta:
        try:
            return obstore.head(client, path.key)
        except (BaseError, OSError) as error:
            if is_passing(error):
                raise
            return obstore.get(client, path.key).meta

    return found(str(path), ask(str(path), request))


def get(path: StorePath, max_bytes: int | None = None) -> Fetched:
    """An object by one request; without its bytes where they are more than `max_bytes`."""

    def request() -> Fetched:
        answered = obstore.get(store(path.scheme, path.bucket), path.key)
        size, etag = answered.meta['size'], answered.meta['e_tag']
        return Fetched(b'' if max_bytes is not None and size > max_bytes else bytes(answered.bytes()), etag, size)

    return ask(str(path), request)


def get_range(path: StorePath, start: int, end: int, etag: str | None = None) -> bytes:
    """Bytes `start` to before `end` of an object, only of the one that has the etag where one is given; fewer where it ends before.

    Raises:
        OSError: ESTALE: the object was replaced.
    """

    def request() -> bytes:
        options: GetOptions = {'range': (start, end)} if etag is None else {'range': (start, end), 'if_match': etag}
        try:
            return bytes(obstore.get(store(path.scheme, path.bucket), path.key, options=options).bytes())
        except BaseError as error:
            if answer(error).status == NOTHING_THERE:
                return b''
            raise

    return ask(str(path), request)


def put(path: StorePath, data: bytes | Path) -> str | None:
    """Writes an object whole, or not at all; gives its etag."""
    client = store(path.scheme, path.bucket)
    return ask(str(path), lambda: obstore.put(client, path.key, data, chunk_size=PART))['e_tag']


def create(path: StorePath, data: bytes) -> str | None:
    """Writes an object where there is none; gives its etag. Of several writers one succeeds.

    Raises:
        FileExistsError: there is one.
    """
    return _put_if(path, data, 'create')


def replace(path: StorePath, data: bytes, etag: str) -> str | None:
    """Writes an object in the place of the one that has the etag; gives the new one.

    Raises:
        Changed: it is another by now, or gone.
    """
    try:
        return _put_if(path, data, _version(path, etag))
    except OSError as error:
        if error.errno not in (errno.ESTALE, errno.ENOENT):
            raise
        raise Changed(errno.EEXIST, os.strerror(errno.EEXIST), str(path)) from error


def copy(source: StorePath, target: StorePath) -> None:
    """Copies within a bucket; the bytes stay in the store."""
    ask(str(source), lambda: obstore.copy(store(source.scheme, source.bucket), source.key, target.key))


def delete(scheme: str, bucket: str, keys: Sequence[str]) -> None:
    """Deletes objects, at most BATCH of them; those that are not there are none."""

    def request() -> None:
        try:
            obstore.delete(store(scheme, bucket), list(keys))
        except FileNotFoundError:
            if len(keys) > 1:  # Google's says so at the first one and leaves the rest
                for key in keys:
                    delete(scheme, bucket, [key])

    ask(f'{scheme}://{bucket}/{keys[0] if keys else ""}', request)


def level(folder: StorePath) -> tuple[list[ObjectMeta], list[str]]:
    """The objects directly in a folder and the keys of its folders, all at once."""
    listed = ask(str(folder), lambda: obstore.list_with_delimiter(store(folder.scheme, folder.bucket), folder.key or None))
    return list(listed['objects']), list(listed['common_prefixes'])


def pages(folder: StorePath, cursor: Cursor | None = None) -> Iterator[list[ObjectMeta]]:
    """Everything below a folder in the order of keys, a page at a time; an outage costs the page that it hit.

    Args:
        cursor: where to go on; it is moved on.
    """
    client, place = store(folder.scheme, folder.bucket), cursor or Cursor()
    stream: Iterator[Sequence[ObjectMeta]] | None = None

    def request() -> list[ObjectMeta] | None:
        nonlocal stream
        asked, stream = stream, None  # a stream that broke is not asked again
        asked = asked or iter(obstore.list(client, folder.key or None, offset=place.after, chunk_size=BATCH))
        page = next(asked, None)
        stream = asked
        return None if page is None else place.fresh(page)

    while (page := ask(str(folder), request)) is not None:
        place.move(page)
        if page:
            yield page


class Cursor:
    """How far a listing came.

    The client says `a/b` of a marker `a/b/` too, which sorts elsewhere, so that only the key of an object with bytes is a place to go on
    from; what came behind it is remembered.
    """

    def __init__(self, after: str | None = None) -> None:
        self.after = after
        self._behind: set[str] = set()

    def restarted(self) -> Cursor:
        """For another folder that begins behind this, and may hold some of what was given."""
        cursor = Cursor()
        cursor._behind |= self._behind
        return cursor

    def fresh(self, page: Sequence[ObjectMeta]) -> list[ObjectMeta]:
        """What was not given yet."""
        return [meta for meta in page if meta['path'] not in self._behind]

    def move(self, page: Sequence[ObjectMeta]) -> None:
        """Remembers that a page was given."""
        for meta in page:
            if meta['size']:
                self.after = meta['path']
                self._behind.clear()
            else:
                self._behind.add(meta['path'])


def is_marker(folder: StorePath, meta: ObjectMeta) -> bool:
    """Whether an object is a marker of a folder: the client drops the slash at the end of its key, and there is none of that name."""
    if meta['size']:
        return False
    if meta['path'] == folder.key:
        return True
    client = store(folder.scheme, folder.bucket)
    try:
        return ask(f'{folder.scheme}://{folder.bucket}/{meta["path"]}', lambda: obstore.head(client, meta['path']))['size'] > 0
    except FileNotFoundError:
        return True


def _put_if(path: StorePath, data: bytes, mode: PutMode) -> str | None:
    """A conditional write. After an answer that was lost, a refusal may be our own first try: then the bytes are ours."""
    client, tries = store(path.scheme, path.bucket), 0

    def request() -> str | None:
        nonlocal tries
        tries += 1
        try:
            return obstore.put(client, path.key, data, mode=mode, use_multipart=False)['e_tag']
        except (BaseError, OSError) as error:
            if is_passing(error) or (tries == 1 and ', after ' not in str(error).partition(' - ')[0]):
                raise
            there = get(path)
            if there.data != data:
                raise
            return there.etag

    return ask(str(path), request)


def _version(path: StorePath, etag: str) -> PutMode:
    """The condition that an object is still the one that has the etag. Google's is on the generation."""
    if path.scheme != 'gs':
        return {'e_tag': etag}
    meta = ask(str(path), lambda: obstore.head(store(path.scheme, path.bucket), path.key))
    if meta['e_tag'] != etag:
        raise OSError(errno.ESTALE, os.strerror(errno.ESTALE), str(path))
    return {'e_tag': etag, 'version': meta['version']}
