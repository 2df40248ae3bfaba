"""Animated PNG: its first frame as a PNG that is not animated.

Source: PNG specification, third edition (W3C 2025), sections 4.9 and 11.3.6.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

from .png import CHUNK, OVERHEAD, SIGNATURE

CONTROL, FRAME, FRAME_DATA, PIXELS, END = b'acTL', b'fcTL', b'fdAT', b'IDAT', b'IEND'
NUMBER = 4  # bytes of a frame's number, before its width and height or its data
SIZE = slice(8, 16)  # width and height in IHDR


def first_frame(data: bytes) -> bytes:
    """What is no animated PNG, as it is; of one, the first frame alone, which libpng then takes as strictly as any picture.

    OpenCV leaves the rows that an animation's frame lacks as they happen to lie in memory. Where the first frame covers a part of the
    picture only, it is the picture that is shown by who knows nothing of animations.
    """
    if CONTROL not in data:
        return data
    kept, default, first, end, sizes = bytearray(SIGNATURE), bytearray(), bytearray(), b'', []
    for kind, chunk in _chunks(data):
        if kind == FRAME:
            sizes.append((chunk[SIZE.start + NUMBER : SIZE.stop + NUMBER], bool(default)))
        elif kind == PIXELS:
            default += chunk
        elif kind == FRAME_DATA and len(sizes) == 1:
            first += _as_pixels(chunk)
        elif kind == END:
            end = chunk
        elif kind not in (CONTROL, FRAME_DATA):
            kept += chunk
    is_apart = bool(sizes) and sizes[0] == (kept[len(SIGNATURE) :][SIZE], True)
    return bytes(kept + (first if is_apart else default) + end)


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """(type, whole chunk) up to the end."""
    at, kind = len(SIGNATURE), b''
    while at + OVERHEAD <= len(data) and kind != END:
        length, kind = CHUNK.unpack_from(data, at)
        yield kind, data[at : at + OVERHEAD + length]
        at += OVERHEAD + length


def _as_pixels(chunk: bytes) -> bytes:
    """A frame's data as a picture's; a wrong checksum stays wrong."""
    content, (stored,) = chunk[8 + NUMBER : -4], struct.unpack('>I', chunk[-4:])
    wrong = stored ^ zlib.crc32(chunk[4:-4])
    return CHUNK.pack(len(content), PIXELS) + content + struct.pack('>I', zlib.crc32(PIXELS + content) ^ wrong)
