"""Lists everything below a folder of a store: page by page, a large one by several threads, one for each of its folders."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from queue import Full, Queue
from typing import TYPE_CHECKING

from . import objects
from .objects import Cursor, Found
from .path import StorePath, located

if TYPE_CHECKING:
    from obstore import ObjectMeta

THREADS = 16
ALONE = 4  # pages of a folder that one thread lists before its folders are shared out
WAITING = 32  # pages that may wait for the reader
_GLANCE = 0.2  # seconds between two looks whether the reader still reads


def listing(folder: str | StorePath) -> Iterator[Found]:
    """Every object below a folder, its path the key below the folder, in no order; folder markers are no objects.

    Raises:
        UsageError: a key that the client can't name.
        OSError: see `errors`.
    """
    root = located(folder)
    if not isinstance(root, StorePath):
        raise TypeError(f'{folder} is in no store')
    start = len(root.key) + 1 if root.key else 0
    with _Walk() as walk:
        walk.add(root, Cursor())
        for page in walk.pages():
            yield from (objects.found(meta['path'][start:], meta) for meta in page)


class _Walk:
    """Threads that list folders, and the pages that wait for the reader."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(THREADS, 'listing')
        self._pages: Queue[list[ObjectMeta] | BaseException | None] = Queue(WAITING)
        self._open, self._lock = 0, threading.Lock()
        self._is_over = threading.Event()
        self._empty: set[str] = set()

    def __enter__(self) -> _Walk:
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def pages(self) -> Iterator[list[ObjectMeta]]:
        """Pages as they come, until all folders are done."""
        while (page := self._pages.get()) is not None:
            if isinstance(page, BaseException):
                raise page
            yield page

    def add(self, folder: StorePath, cursor: Cursor) -> None:
        """Has a thread list a folder, from the cursor on."""
        with self._lock:
            self._open += 1
        self._pool.submit(self._work, folder, cursor)

    def _work(self, folder: StorePath, cursor: Cursor) -> None:
        try:
            self._list(folder, cursor)
        except BaseException as error:  # noqa: BLE001  # the reader raises it
            self._give(error)
        with self._lock:
            self._open -= 1
            is_last = not self._open
        if is_last:
            self._give(None)

    def _list(self, folder: StorePath, cursor: Cursor) -> None:
        for number, page in enumerate(objects.pages(folder, cursor), 1):
            if self._is_over.is_set():
                return
            self._give(self._objects(folder, page))
            if number >= ALONE and any('/' in meta['path'][len(folder.key) + 1 :] for meta in page):
                self._share_out(folder, cursor)
                return

    def _share_out(self, folder: StorePath, cursor: Cursor) -> None:
        """What is behind the cursor: objects of the folder itself now, each of its folders by a thread of its own."""
        metas, folders = objects.level(folder)
        after = cursor.after or ''
        self._give(self._objects(folder, cursor.fresh([meta for meta in metas if meta['path'] > after])))
        for key in folders:
            if after.startswith(f'{key}/'):
                self.add(StorePath(folder.scheme, folder.bucket, key), cursor)
            elif f'{key}/' > after:
                self.add(StorePath(folder.scheme, folder.bucket, key), cursor.restarted())

    def _objects(self, folder: StorePath, page: Iterable[ObjectMeta]) -> list[ObjectMeta]:
        """Without markers; an empty object that has a marker beside it is listed twice."""
        return [meta for meta in page if meta['size'] or (not objects.is_marker(folder, meta) and self._is_new(meta['path']))]

    def _is_new(self, key: str) -> bool:
        with self._lock:
            before = len(self._empty)
            self._empty.add(key)
            return len(self._empty) > before

    def _give(self, page: list[ObjectMeta] | BaseException | None) -> None:
        while not self._is_over.is_set():
            try:
                self._pages.put(page, timeout=_GLANCE)
            except Full:
                continue
            return
