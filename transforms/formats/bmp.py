"""BMP, from OS/2's 12-byte header to version 5.

Source: Microsoft, "Bitmap Storage" and BITMAPV5HEADER (Win32 documentation).
"""

from __future__ import annotations

import struct

from .header import Header, take

FILE = struct.Struct('<2xI4xII')  # size of the file, start of the pixels, size of the header that follows
OLD = struct.Struct('<HHHH')
NEW = struct.Struct('<iiHHII')
OLD_SIZE, HEADER_SIZES = 12, (12, 40, 52, 56, 64, 108, 124)
RUN_LENGTHS = (1, 2)


def is_bmp(data: bytes) -> bool:
    """Two letters alone are weak: the header's size must be one of those that exist."""
    return data.startswith(b'BM') and int.from_bytes(data[14:18], 'little') in HEADER_SIZES


def read_bmp(data: bytes) -> Header:
    """Size from the header (a negative height means from the top down); complete when all rows are inside the data.

    Run-length coded rows count as whole when the size that the header gives for them, else the file's, is there; with neither,
    they are the decoder's to judge. Alpha is left out: most writers leave that byte undefined.
    """
    file_size, start, header_size = take(FILE, data, 0)
    if header_size == OLD_SIZE:
        (width, height, _, bits), packing, size = take(OLD, data, 18), 0, 0
    else:
        width, height, _, bits, packing, size = take(NEW, data, 18)
    height = abs(height)
    end = start + (width * bits + 31) // 32 * 4 * height
    if packing in RUN_LENGTHS:
        end = start + size if size else file_size
    return Header('bmp', width, height, complete=end <= len(data))
