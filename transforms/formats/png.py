"""PNG: the chunks up to IEND.

Source: PNG specification, third edition (W3C 2025), sections 5 and 11.
"""

from __future__ import annotations

import struct

from .exif import exif_orientation
from .header import BrokenHeader, Header, take

SIGNATURE = b'\x89PNG\r\n\x1a\n'
CHUNK = struct.Struct('>I4s')
START = struct.Struct('>I4sIIBB')
OVERHEAD = 12  # length, type, checksum
GREY_ALPHA, RGBA = 4, 6
RGB, PALETTE = 2, 3
LONGEST_EXIF = 1 << 16


def is_png(data: bytes) -> bool:
    """PNG's eight bytes, which a transfer as text would spoil."""
    return data.startswith(SIGNATURE)


def read_png(data: bytes) -> Header:
    """Size from IHDR, orientation from eXIf; complete when IEND is inside the data.

    Checksums are the decoder's to check. An animated PNG that is cut in a later frame counts as cut. OpenCV honours a transparent
    colour (tRNS) of RGB and palette images, not of grey ones.
    """
    length, kind, width, height, _, colour = take(START, data, len(SIGNATURE))
    if (length, kind) != (13, b'IHDR'):
        raise BrokenHeader(f'a PNG that begins with a chunk {kind!r} of {length:,} bytes')
    orientation, alpha, pixels, complete = 0, colour in (GREY_ALPHA, RGBA), False, False
    at, last, unpack = len(SIGNATURE), len(data) - OVERHEAD, CHUNK.unpack_from
    while at <= last and not complete:
        length, kind = unpack(data, at)
        if kind == b'eXIf' and not orientation:
            orientation = exif_orientation(data[at + 8 : at + 8 + min(length, LONGEST_EXIF)])
        alpha = alpha or (kind == b'tRNS' and colour in (RGB, PALETTE))
        pixels = pixels or kind == b'IDAT'
        complete = kind == b'IEND' and at + length <= last
        at += OVERHEAD + length
    if complete and not pixels:
        raise BrokenHeader('a PNG without pixels')  # OpenCV would look for them behind its end, in chunks of any length
    return Header('png', width, height, orientation or 1, complete, alpha)
