"""What every reader gives back, and how it says that it could not."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any


class BrokenHeader(ValueError):
    """The bytes begin like an image; what follows is not that format's header."""


class CutHeader(BrokenHeader):
    """The bytes begin like an image and end before its header does."""


@dataclass(frozen=True, slots=True)
class Header:
    """What an image says of its first frame or page.

    Attributes:
        format: 'jpeg', 'png', 'webp', 'tiff', 'gif' or 'bmp'.
        width: pixels as stored, before the orientation is applied.
        height: likewise.
        orientation: 1 to 8 as in EXIF and in TIFF's tag 274; 1 when there is none or it is out of range.
        complete: False when the file ends before its pixels do. Of a multi-page TIFF only the first page counts. An animated
            file counts whole: OpenCV takes no frame from a GIF or WebP that is cut anywhere.
        alpha: the pixels carry transparency that the decoder can give us.
    """

    format: str
    width: int
    height: int
    orientation: int = 1
    complete: bool = True
    alpha: bool = False


def upright_size(header: Header) -> tuple[int, int]:
    """Width and height in pixels after the orientation is applied: 5 to 8 lie on their side."""
    return (header.height, header.width) if header.orientation >= 5 else (header.width, header.height)


def take(layout: struct.Struct, data: bytes, at: int) -> tuple[Any, ...]:
    """Unpacks `layout` at byte `at`.

    Raises:
        CutHeader: the data end before that.
    """
    if at + layout.size > len(data):
        raise CutHeader(f'the file ends at byte {len(data):,}, inside its header')
    return layout.unpack_from(data, at)
