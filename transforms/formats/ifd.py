"""The first directory of a TIFF structure: a TIFF file, a BigTIFF file, or the block inside EXIF.

Source: TIFF 6.0 (Adobe 1992), section 2; BigTIFF as in libtiff's bigtiff.html.
"""

from __future__ import annotations

import struct
import sys
from array import array
from collections.abc import Container
from dataclasses import dataclass

from .header import BrokenHeader, CutHeader, take

# BYTE, SHORT, LONG, UNDEFINED, IFD, LONG8 and IFD8: the kinds that hold sizes, offsets, codes and tables.
NUMBERS = {1: 'B', 3: 'H', 4: 'I', 7: 'B', 13: 'I', 16: 'Q', 18: 'Q'}


@dataclass(frozen=True, slots=True)
class Layout:
    """How one of the four kinds of file (two byte orders, 32 or 64 bits) writes a directory."""

    order: str
    first_at: int
    offset: struct.Struct
    count: struct.Struct
    entry: struct.Struct


def _classic(order: str) -> Layout:
    return Layout(order, 4, *(struct.Struct(order + names) for names in ('I', 'H', 'HHI4x')))


def _big(order: str) -> Layout:
    return Layout(order, 8, *(struct.Struct(order + names) for names in ('Q', 'Q', 'HHQ8x')))


LAYOUTS = {
    b'II*\0': _classic('<'),
    b'MM\0*': _classic('>'),
    b'II+\0': _big('<'),
    b'MM\0+': _big('>'),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """A tag's kind and count, and the byte where its value or the offset of its values stands."""

    kind: int
    count: int
    at: int


@dataclass(frozen=True, slots=True)
class Directory:
    """The wanted entries of a first directory, by tag; their values are read when they are asked for."""

    data: bytes
    layout: Layout
    entries: dict[int, Entry]

    def numbers(self, tag: int) -> array[int]:
        """All values of a tag; empty when it is absent or not a kind of whole number.

        Raises:
            CutHeader: they lie outside the data.
        """
        entry = self.entries.get(tag)
        code = NUMBERS.get(entry.kind) if entry else None
        if entry is None or code is None:
            return array('B')
        values = array(code)
        start, size = self._place(entry, values.itemsize)
        values.frombytes(self.data[start : start + size])
        if (self.layout.order == '<') != (sys.byteorder == 'little'):
            values.byteswap()
        return values

    def number(self, tag: int, default: int) -> int:
        """The first value of a tag, or `default`."""
        values = self.numbers(tag)
        return values[0] if values else default

    def _place(self, entry: Entry, itemsize: int) -> tuple[int, int]:
        size = entry.count * itemsize
        start = entry.at if size <= self.layout.offset.size else take(self.layout.offset, self.data, entry.at)[0]
        if start + size > len(self.data):
            raise CutHeader(f'the file ends at byte {len(self.data):,}, before the values of a tag')
        return start, size


def first_directory(data: bytes, wanted: Container[int]) -> Directory:
    """Looks through the first directory once; further directories are never followed, so none can form a cycle.

    Raises:
        CutHeader: it lies outside the data.
        BrokenHeader: this is no TIFF structure.
    """
    layout = LAYOUTS.get(data[:4])
    if layout is None:
        raise BrokenHeader('no TIFF byte order')
    start = take(layout.offset, data, layout.first_at)[0]
    count = take(layout.count, data, start)[0]
    at = start + layout.count.size
    if at + count * layout.entry.size > len(data):
        raise CutHeader(f'the file ends at byte {len(data):,}, inside a directory of {count:,} tags')
    return Directory(data, layout, _entries(data, layout, at, count, wanted))


def _entries(data: bytes, layout: Layout, at: int, count: int, wanted: Container[int]) -> dict[int, Entry]:
    found: dict[int, Entry] = {}
    size, value = layout.entry.size, layout.entry.size - layout.offset.size
    rows = layout.entry.iter_unpack(memoryview(data)[at : at + count * size])
    for index, (tag, kind, number) in enumerate(rows):
        if tag in wanted and tag not in found:
            found[tag] = Entry(kind, number, at + index * size + value)
    return found
