"""GIF: the blocks up to the trailer.

Source: "Graphics Interchange Format, version 89a" (CompuServe 1990), sections 17 to 27.
"""

from __future__ import annotations

import struct

from .header import BrokenHeader, CutHeader, Header, take

SCREEN = struct.Struct('<6xHHB2x')
IMAGE = struct.Struct('<9xB')
CONTROL = struct.Struct('<3xB')
IMAGE_BLOCK, EXTENSION_BLOCK = 0x2C, 0x21
GRAPHIC_CONTROL = b'\x21\xf9'


def is_gif(data: bytes) -> bool:
    """Either version of the format."""
    return data.startswith((b'GIF87a', b'GIF89a'))


def read_gif(data: bytes) -> Header:
    """Size of the logical screen, which the first frame is drawn on; complete when the trailer is there.

    OpenCV takes nothing from a GIF without its trailer, be it that only a later frame is cut. A block of an unknown kind ends the
    walk: it is the decoder's to judge.
    """
    width, height, flags = take(SCREEN, data, 0)
    at, frames, alpha = SCREEN.size + _table(flags), 0, False
    while at < len(data) and data[at] in (IMAGE_BLOCK, EXTENSION_BLOCK):
        if data[at] == IMAGE_BLOCK:
            frames += 1
            at = _after_blocks(data, at + IMAGE.size + _table(take(IMAGE, data, at)[0]) + 1)
        else:
            if not frames and data.startswith(GRAPHIC_CONTROL, at):
                alpha = bool(take(CONTROL, data, at)[0] & 1)
            at = _after_blocks(data, at + 2)
    if not frames:
        raise BrokenHeader('a GIF without a frame') if at < len(data) else CutHeader('a GIF that ends before its first frame')
    return Header('gif', width, height, complete=at < len(data), alpha=alpha)


def _table(flags: int) -> int:
    """Bytes of the colour table that follows a descriptor."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _after_blocks(data: bytes, at: int) -> int:
    end = len(data)
    while at < end and (length := data[at]):
        at += length + 1
    return at + 1
