"""The names within an archive or a store: no two members have one, and sidecars of images are no inputs. Kept in a file, not in memory."""

from __future__ import annotations

import errno
import os
import pickle
import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from operator import attrgetter
from typing import TypeVar

from ...transforms.containers.member import Member
from .uris import SIDECARS, SPELLINGS

T = TypeVar('T')
TABLES = """
PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -16384;
CREATE TABLE names (name BLOB PRIMARY KEY, count INTEGER) WITHOUT ROWID;
CREATE TABLE images (stem BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE held (stem BLOB, member BLOB);
"""
FAULTS = {sqlite3.SQLITE_FULL: errno.ENOSPC, sqlite3.SQLITE_IOERR: errno.EIO, sqlite3.SQLITE_CANTOPEN: errno.EACCES}
ALONE = 'SELECT member FROM held WHERE NOT EXISTS (SELECT 1 FROM images WHERE images.stem = held.stem) ORDER BY held.rowid'


def told_apart(members: Iterable[Member]) -> Iterator[Member]:
    """The members with names that differ: a second `x` is `x#2`. Those without a name, and the container itself, stay as they are."""
    with _database() as names:
        for member in members:
            yield member if member.name is None else replace(member, name=_unique(names, member.name))


def without_sidecars(members: Iterable[T], name: Callable[[T], bytes | None] = attrgetter('name')) -> Iterator[T]:
    """All but members such as `x.json` where there is an `x.jpg`; what may be one comes last."""
    with _database() as database:
        for member in members:
            stem, suffix = _split(name(member))
            if suffix.lower() in SIDECARS:
                database.execute('INSERT INTO held VALUES (?, ?)', (stem, pickle.dumps(member)))
                continue
            if suffix in SPELLINGS:
                database.execute('INSERT OR IGNORE INTO images VALUES (?)', (stem,))
            yield member
        for (held,) in database.execute(ALONE):
            yield pickle.loads(held)


@contextmanager
def _database() -> Iterator[sqlite3.Connection]:
    """A database in a file of its own that is gone when it is closed; small ones never reach a disk.

    Raises:
        OSError: the disk of temporary files is full or fails.
    """
    try:
        with closing(sqlite3.connect('', isolation_level=None)) as database:
            database.executescript(TABLES)
            database.execute('BEGIN')
            yield database
    except sqlite3.OperationalError as error:
        code = FAULTS.get(error.sqlite_errorcode & 0xFF)
        if code is None:
            raise
        raise OSError(code, os.strerror(code), tempfile.gettempdir()) from error


def _unique(names: sqlite3.Connection, name: bytes) -> bytes:
    found = names.execute('SELECT count FROM names WHERE name = ?', (name,)).fetchone()
    if found is None:
        names.execute('INSERT INTO names VALUES (?, 1)', (name,))
        return name
    number = found[0] + 1
    while not names.execute('INSERT OR IGNORE INTO names VALUES (?, 1)', (b'%s#%d' % (name, number),)).rowcount:
        number += 1
    names.execute('UPDATE names SET count = ? WHERE name = ?', (number, name))
    return b'%s#%d' % (name, number)


def _split(name: bytes | None) -> tuple[bytes, str]:
    stem, suffix = os.path.splitext(name or b'')
    return stem, suffix.decode('ascii', 'replace')
