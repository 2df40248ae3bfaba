"""Names as uris, and which names are sidecars of an image."""

from __future__ import annotations

import codecs
import os
import stat

from ...storage.definite import is_definite
from ...storage.path import Found, StorePath, is_stored, located
from ...transforms.records import Entry
from ...transforms.write import IMAGE_SUFFIXES

SIDECARS = frozenset(('.json', '.txt', '.cls'))
COMMON = ('.jpg', '.png', '.jpeg', '.webp')  # looked for first
SPELLINGS = tuple(spelling for suffix in (*COMMON, *sorted(IMAGE_SUFFIXES - frozenset(COMMON))) for spelling in (suffix, suffix.upper()))


def encode_uri(path: str | bytes) -> str:
    """A path as a uri: bytes that are not UTF-8, and `%`, are percent-encoded."""
    escaped = os.fsencode(path).replace(b'%', b'%25')
    return escaped.decode('utf-8', 'percent')


def _percent(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return ''.join(f'%{byte:02X}' for byte in error.object[error.start : error.end]), error.end


codecs.register_error('percent', _percent)


def is_sidecar(path: str) -> bool:
    """Whether a file stands beside the image that it belongs to."""
    stem, suffix = os.path.splitext(path)
    return suffix.lower() in SIDECARS and any(_is_no_folder(f'{stem}{spelling}') for spelling in SPELLINGS)


def _is_no_folder(path: str) -> bool:
    return os.path.lexists(path) and not os.path.isdir(path)


def file_entry(uri: str, path: str, found: Found | None) -> Entry:
    """A file of its own; what could not be looked at is an input of unknown size."""
    return Entry(uri, path, None, None) if found is None else Entry(uri, path, found.size, found.mtime_ns, found.etag)


def look(path: str) -> Found | None:
    """What a disk or a store says of a file; nothing where it may not be looked at, is gone, is a dangling link or a folder.

    Raises:
        OSError: the disk or the store does not answer.
    """
    if is_stored(path):
        return _look_up(path)
    try:
        found = os.stat(path)
    except OSError as error:
        if is_definite(error):
            return None
        raise
    except ValueError:
        return None
    return None if stat.S_ISDIR(found.st_mode) else Found(path, found.st_size, found.st_mtime_ns, None)


def _look_up(url: str) -> Found | None:
    place = located(url)
    assert isinstance(place, StorePath)
    try:
        return place.stat()
    except (FileNotFoundError, PermissionError):
        return None
