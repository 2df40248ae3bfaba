"""What an INPUT in an object store holds: all objects below it, one object, or those that a glob matches."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import replace

from ...configs.schema import PhotoConfig
from ...storage.files import listing
from ...storage.path import Found, StorePath, located
from ...transforms.records import Entry
from ...transforms.write import IMAGE_SUFFIXES
from .archives import Named, entries
from .globs import MAGIC, split_glob
from .lists import SUFFIXES
from .names import without_sidecars
from .uris import encode_uri, file_entry


def stored_entries(given: str, name: str, begin: str, config: PhotoConfig, left_out: Iterable[str]) -> Iterator[Entry]:
    """The inputs of an INPUT.

    Args:
        given: an object, what the names of objects begin with up to a `/`, or a glob; an object that is named so is no glob.
        name: the INPUT's.
        begin: what its uris begin with.
        left_out: urls of folders that are no inputs.
    Raises:
        UsageError: there is no such object and nothing below it; an archive can't be opened; a glob that is none.
    """
    place = located(given)
    assert isinstance(place, StorePath)
    if place.key and not given.endswith('/') and place.is_file():
        yield from entries(Named(given, encode_uri(name), begin, by_name=True, listed=True), config)
    elif MAGIC.search(place.key):
        yield from _matches(place, begin, config, left_out)
    else:
        for found in _photos(place, left_out):
            yield file_entry(begin + encode_uri(found.path), str(place / found.path), replace(found, path=str(place / found.path)))


def _matches(pattern: StorePath, begin: str, config: PhotoConfig, left_out: Iterable[str]) -> Iterator[Entry]:
    """The objects that a glob matches; what is not called like an image may be an archive."""
    fixed, wanted = split_glob(pattern.key)
    root = replace(pattern, key=fixed)
    lists = pattern.key.lower().endswith(SUFFIXES)
    for found in _photos(root, left_out):
        if not wanted.matches(found.path):
            continue
        uri, path = begin + encode_uri(found.path), str(root / found.path)
        if os.path.splitext(path)[1].lower() in IMAGE_SUFFIXES:
            yield file_entry(uri, path, found)
        else:
            yield from entries(Named(path, uri, f'{uri}/', by_name=False, listed=lists), config)


def _photos(root: StorePath, left_out: Iterable[str]) -> Iterator[Found]:
    """What is below a place and no sidecar."""
    out = tuple(f'{url}/' for url in left_out)
    found = (one for one in listing(str(root)) if not str(root / one.path).startswith(out))
    return without_sidecars(found, lambda one: one.path.encode())
