"""Lists of uris: text with one a line, or a column of a table. A line is its uri; a relative one is relative to the list's folder."""

from __future__ import annotations

import codecs
import csv
import io
import os
import re
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import islice
from urllib.parse import unquote_to_bytes

from ...configs.errors import UsageError
from ...storage.path import StorePath, is_stored, located
from ...transforms.containers.kinds import read_head
from ...transforms.containers.parquet_columns import listed
from ...transforms.records import Entry
from .uris import encode_uri, file_entry, look

SUFFIXES = ('.txt', '.lst', '.csv', '.tsv')
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
DELIMITERS = {'.csv': ',', '.tsv': '\t'}
LONGEST = 1 << 16  # bytes of a line
AT_ONCE, LOOKERS = 1024, 32  # lines that are looked up together, and by how many threads, where they lie in a store
SCHEME = re.compile(r'([A-Za-z][A-Za-z0-9+.-]*)://([^/]*)')


def is_list(path: str) -> bool:
    """Whether a file is one by its suffix, and not by its content an image.

    Raises:
        UsageError: a list in UTF-16.
    """
    if not path.lower().endswith(SUFFIXES):
        return False
    head = read_head(path)
    if head.startswith(UTF_16):
        raise UsageError(f'input {path!r}: a list in UTF-16; save it in UTF-8')
    return b'\0' not in head


def lines(path: str, key_column: str | None) -> Iterator[tuple[int, str]]:
    """Number and text of every line of a list that is no Parquet file; empty ones are none.

    Raises:
        UsageError: a line that is none, or a table without a column of uris.
    """
    delimiter = DELIMITERS.get(os.path.splitext(path)[1].lower())
    return _text(path) if delimiter is None else _table(path, delimiter, key_column)


def line_entries(path: str, lines: Iterable[tuple[int, str]], begin: str) -> Iterator[Entry]:
    """The inputs that a list names.

    Args:
        begin: what their uris begin with.
    Raises:
        UsageError: a line that names nothing that can be read.
    """
    named = (_place(path, number, line) for number, line in lines)
    places = ((uri, _absolute(path, place)) for uri, place in named)
    with ThreadPoolExecutor(LOOKERS) as pool:
        while some := list(islice(places, AT_ONCE)):
            found = (pool.map if is_stored(some[0][1]) else map)(look, [place for _, place in some])
            yield from (file_entry(begin + uri, place, what) for (uri, place), what in zip(some, found, strict=True))


def _absolute(path: str, place: str) -> str:
    """Where a line leads that is relative to its list's folder."""
    if is_stored(place):
        return place
    if is_stored(path) and not os.path.isabs(place):
        return _in_store(path, place)
    return os.path.join(os.path.dirname(os.path.abspath(path)), place)


def _in_store(path: str, place: str) -> str:
    folder = located(path).parent
    assert isinstance(folder, StorePath)
    key = os.path.normpath(os.path.join(folder.key, place))
    if key.split('/')[0] == '..':
        raise UsageError(f'input {path!r}: {place!r} leads out of the bucket; name objects in it, or whole urls')
    return str(replace(folder, key=key))


def _place(path: str, number: int, line: str) -> tuple[str, str]:
    """uri and path of a line."""
    if '\0' in line:
        raise UsageError(f'input {path!r}, line {number}: {line[:80]!r} is no path; remove the line')
    scheme = SCHEME.match(line)
    if scheme is None or is_stored(line):
        return encode_uri(line), line
    if scheme[1].lower() != 'file' or scheme[2] not in ('', 'localhost'):
        raise UsageError(f'input {path!r}, line {number}: {line!r} cannot be read; name files of this machine, s3:// or gs://')
    place = os.fsdecode(unquote_to_bytes(os.fsencode(line[scheme.end() :])))
    if not place or '\0' in place:
        raise UsageError(f'input {path!r}, line {number}: {line!r} names no file; remove the line')
    return os.fsencode(line).decode('utf-8', 'percent'), place


def _text(path: str) -> Iterator[tuple[int, str]]:
    with located(path).open('rb') as file:
        number = 0
        while line := file.readline(LONGEST):
            number += 1
            if len(line) == LONGEST:
                raise UsageError(f'input {path!r}, line {number}: longer than {LONGEST} bytes; is it a list of files?')
            line = line.removeprefix(b'\xef\xbb\xbf') if number == 1 else line
            if line.strip():
                yield number, os.fsdecode(line.rstrip(b'\r\n'))


def _table(path: str, delimiter: str, key_column: str | None) -> Iterator[tuple[int, str]]:
    with located(path).open('rb') as raw, io.TextIOWrapper(raw, 'utf-8-sig', 'surrogateescape', newline='') as file:
        reader = csv.reader(file, delimiter=delimiter)
        try:
            names = next(reader, [])
            column = _column(path, names, key_column)
            for row in filter(None, reader):
                if len(row) != len(names):
                    raise UsageError(f'input {path!r}, line {reader.line_num}: {len(row)} columns, the first line has {len(names)}')
                if row[column]:
                    yield reader.line_num, row[column]
        except csv.Error as error:
            raise UsageError(f'input {path!r}, line {reader.line_num}: {error}; is it a table?') from error


def _column(path: str, names: list[str], key_column: str | None) -> int:
    if key_column is not None and key_column not in names:
        raise UsageError(f'input {path!r}: no column called {key_column!r} (key_column); it has {", ".join(names)}')
    return names.index(key_column or listed(path, names))
