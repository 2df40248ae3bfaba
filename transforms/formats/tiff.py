"""TIFF and BigTIFF: the first directory and the pixels that it points to.

Source: TIFF 6.0 (Adobe 1992), sections 8 and 15; camera raw files after their own plain marks (Canon's `CR` in CR2, DNG 1.7's
tag 50706) and the way of the others (NEF, ARW, PEF: the first directory is a preview, the raw pixels are in a subdirectory).
"""

from __future__ import annotations

from operator import add

from .exif import ORIENTATION, orientation_of
from .header import BrokenHeader, CutHeader, Header
from .ifd import LAYOUTS, Directory, first_directory

SUBFILE, WIDTH, HEIGHT, BITS, PALETTE, SUBDIRECTORIES, JPEG_TABLES, EXTRA_SAMPLES, DNG = 254, 256, 257, 258, 320, 330, 347, 338, 50706
STRIPS, STRIP_SIZES, TILES, TILE_SIZES = 273, 279, 324, 325
NEEDED = (BITS, PALETTE, JPEG_TABLES)
WANTED = frozenset(
    {SUBFILE, WIDTH, HEIGHT, SUBDIRECTORIES, EXTRA_SAMPLES, DNG, ORIENTATION, STRIPS, STRIP_SIZES, TILES, TILE_SIZES, *NEEDED}
)
PREVIEW = 1
ALPHA = (1, 2)


def is_tiff(data: bytes) -> bool:
    """A TIFF's byte order and version, and not a camera's raw file: its preview is not the photo."""
    return data[:4] in LAYOUTS and not _is_raw(data)


def read_tiff(data: bytes) -> Header:
    """Size and orientation of the first page; complete when its strips or tiles, and what decodes them, are inside the data.

    Without a table of sizes, the strips must begin inside the data.
    """
    page = first_directory(data, WANTED)
    width, height = page.number(WIDTH, 0), page.number(HEIGHT, 0)
    if not {STRIPS, TILES} & page.entries.keys():
        raise BrokenHeader('a TIFF whose first directory has neither strips nor tiles')
    return Header('tiff', width, height, orientation_of(page), _complete(page), _alpha(page))


def _is_raw(data: bytes) -> bool:
    if data.startswith(b'CR', 8):
        return True
    try:
        page = first_directory(data, (DNG, SUBFILE, SUBDIRECTORIES))
        preview = page.number(SUBFILE, 0) & PREVIEW
    except CutHeader:
        return False
    return DNG in page.entries or bool(preview and SUBDIRECTORIES in page.entries)


def _complete(page: Directory) -> bool:
    tiled = TILES in page.entries
    try:
        starts = page.numbers(TILES if tiled else STRIPS)
        sizes = page.numbers(TILE_SIZES if tiled else STRIP_SIZES)
        for tag in NEEDED:
            page.numbers(tag)
    except CutHeader:
        return False
    if not sizes:
        return max(starts, default=0) < len(page.data)
    return max(map(add, starts, sizes), default=0) <= len(page.data)


def _alpha(page: Directory) -> bool:
    try:
        return page.number(EXTRA_SAMPLES, 0) in ALPHA
    except CutHeader:
        return False
