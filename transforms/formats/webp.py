"""WebP: lossy, lossless and extended.

Source: RFC 9649; the lossy frame's header from RFC 6386, section 9.1.
"""

from __future__ import annotations

import struct

from .exif import exif_orientation
from .header import BrokenHeader, Header, take

FIRST = struct.Struct('<I4x4sI')  # RIFF's size, the first chunk's type and size
CHUNK = struct.Struct('<4sI')
LOSSY = struct.Struct('<3s3sHH')
LOSSLESS = struct.Struct('<BI')
EXTENDED = struct.Struct('<I3s3s')
ALPHA_FLAG, EXIF_FLAG, ANIMATION_FLAG = 0x10, 0x08, 0x02
LONGEST_EXIF = 1 << 16


def is_webp(data: bytes) -> bool:
    """A RIFF container of WebP."""
    return data.startswith(b'RIFF') and data.startswith(b'WEBP', 8)


def read_webp(data: bytes) -> Header:
    """Size from the first chunk, orientation from the EXIF chunk; complete when all that RIFF announces is there."""
    announced, kind, length = take(FIRST, data, 4)
    reader = READERS.get(kind)
    if reader is None:
        raise BrokenHeader(f'a WebP that begins with a chunk {kind!r}')
    return reader(data, 20, 20 + length + length % 2, announced + 8 <= len(data))


def _lossy(data: bytes, at: int, _end: int, complete: bool) -> Header:
    _, start_code, width, height = take(LOSSY, data, at)
    if start_code != b'\x9d\x01\x2a':
        raise BrokenHeader('a WebP without the start code of its frame')
    return Header('webp', width & 0x3FFF, height & 0x3FFF, complete=complete)


def _lossless(data: bytes, at: int, _end: int, complete: bool) -> Header:
    signature, bits = take(LOSSLESS, data, at)
    if signature != 0x2F:
        raise BrokenHeader('a WebP without the signature of its lossless frame')
    return Header('webp', (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, complete=complete, alpha=bool(bits >> 28 & 1))


def _extended(data: bytes, at: int, end: int, complete: bool) -> Header:
    flags, width, height = take(EXTENDED, data, at)
    return Header(
        'webp',
        int.from_bytes(width, 'little') + 1,
        int.from_bytes(height, 'little') + 1,
        _orientation(data, end) if flags & EXIF_FLAG else 1,
        complete,
        # OpenCV draws an animation's frames over its background, and gives no alpha.
        bool(flags & ALPHA_FLAG and not flags & ANIMATION_FLAG),
    )


READERS = {b'VP8 ': _lossy, b'VP8L': _lossless, b'VP8X': _extended}


def _orientation(data: bytes, at: int) -> int:
    while at + CHUNK.size <= len(data):
        kind, length = CHUNK.unpack_from(data, at)
        if kind == b'EXIF':
            return exif_orientation(data[at + 8 : at + 8 + min(length, LONGEST_EXIF)])
        at += CHUNK.size + length + length % 2
    return 1
