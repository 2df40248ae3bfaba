"""The orientation in an EXIF block.

Source: Exif 2.32 (CIPA DC-008), section 4.5: the block is a TIFF structure and the orientation is tag 274 of its first directory.
"""

from __future__ import annotations

from .header import BrokenHeader
from .ifd import Directory, first_directory

ORIENTATION = 274
PREFIX = b'Exif\0\0'


def exif_orientation(block: bytes) -> int:
    """1 to 8; 1 for a block that is broken or says nothing. A prefix `Exif` is skipped: WebP files come with and without it."""
    try:
        return orientation_of(first_directory(block.removeprefix(PREFIX), (ORIENTATION,)))
    except BrokenHeader:
        return 1


def orientation_of(directory: Directory) -> int:
    """1 to 8; 1 when it is absent or out of range."""
    value = directory.number(ORIENTATION, 1)
    return value if 1 <= value <= 8 else 1
