"""JPEG: the segments up to the end of the image.

Source: ITU-T T.81, annex B. Entropy-coded data follow a start of scan; in them a byte 0xff is followed by 0 or by a restart
marker, so the next marker of another kind ends the scan. Like libjpeg, the walk steps over bytes that stand between segments.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

from .exif import PREFIX, exif_orientation
from .header import BrokenHeader, CutHeader, Header

# Any marker but a stuffed zero, a restart (d0-d7) and a fill byte; `re` finds it faster than bytes.find.
MARKER = re.compile(rb'\xff([\x01-\xcf\xd8-\xfe])')
SOI, EOI, SOS, APP1, TEM = 0xD8, 0xD9, 0xDA, 0xE1, 0x01
FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
SIZE = struct.Struct('>HH')


def is_jpeg(data: bytes) -> bool:
    """Start of image and the first byte of a marker."""
    return data.startswith(b'\xff\xd8\xff')


def read_jpeg(data: bytes) -> Header:
    """Size from the first frame, orientation from the first EXIF segment; complete when an end of image follows a scan.

    Thumbnails lie inside segments, which are stepped over, and whatever follows the end of the image (a second picture, a video)
    is not looked at. Scans that were cut and closed with an end of image again cannot be told from whole ones here.
    """
    size: tuple[int, int] | None = None
    orientation, scanned, ended = 0, False, False
    for marker, start, stop in _segments(data):
        if marker in FRAMES and not size and stop - start >= 5:
            height, width = SIZE.unpack_from(data, start + 1)
            size = (width, height)
        elif marker == APP1 and not orientation and data.startswith(PREFIX, start):
            orientation = exif_orientation(data[start:stop])
        scanned = scanned or marker == SOS
        ended = marker == EOI
    if not size:
        raise BrokenHeader('a JPEG without a frame') if ended else CutHeader('a JPEG that ends before its frame')
    return Header('jpeg', *size, orientation or 1, complete=scanned and ended)


def without_strays(data: bytes) -> bytes:
    """The same image without the bytes that stand between its segments.

    Raises:
        BrokenHeader: a segment makes no sense.
    """
    kept = [data[:2]]
    for marker, start, stop in _segments(data):
        kept.append(bytes((0xFF, marker)))
        if marker != EOI:
            kept.append(data[start - 2 : stop])
        if marker == SOS:
            following = MARKER.search(data, stop)
            kept.append(data[stop : following.start() if following else None])
    return b''.join(kept)


def _segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Each whole segment's marker and the range of its content, up to the end of image or of the data."""
    at = 2
    while found := MARKER.search(data, at):
        marker, at = found[1][0], found.end()
        if marker == EOI:
            yield marker, at, at
        if marker in (SOI, EOI):
            return
        if marker == TEM:
            continue
        start, at = at + 2, at + int.from_bytes(data[at : at + 2], 'big')
        if start > len(data) or at > len(data):
            return
        if at < start:
            raise BrokenHeader(f'a JPEG segment {marker:#x} of less than its own length')
        yield marker, start, at
