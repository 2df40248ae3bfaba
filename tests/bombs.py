"""Small valid files of many pixels, frames, scans or directories: each built by hand, none by making its pixels.

Sources: PNG third edition, sections 5 and 10; RFC 1950 and 1951; ITU-T T.81, annexes B, F and G; GIF 89a, appendix F; TIFF 6.0,
section 2; RFC 9649, section 3; Microsoft, "Bitmap Compression" (Win32 documentation).
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Iterator

SIGNATURE = b'\x89PNG\r\n\x1a\n'
BLOCK = 1 << 20
ADLER_BASE = 65521


def zeros(count: int) -> bytes:
    """`count` zero bytes as a zlib stream, a thousandth of that size: one compressed block, repeated."""
    packer = zlib.compressobj(9, wbits=-15)
    block = packer.compress(bytes(BLOCK)) + packer.flush(zlib.Z_FULL_FLUSH)
    rest = zlib.compressobj(9, wbits=-15)
    whole, left = divmod(count, BLOCK)
    checksum = struct.pack('>I', count % ADLER_BASE << 16 | 1)
    return b'\x78\xda' + block * whole + rest.compress(bytes(left)) + rest.flush() + checksum


def chunk(kind: bytes, content: bytes) -> bytes:
    """A PNG chunk with its checksum."""
    return struct.pack('>I', len(content)) + kind + content + struct.pack('>I', zlib.crc32(kind + content))


def png(width: int, height: int, bits: int, colour: int, packed: bytes | None = None, extra: bytes = b'') -> bytes:
    """A PNG whose pixels are all zero; `packed` in their place, `extra` chunks before them."""
    samples = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    packed = zeros(height * (1 + (width * bits * samples + 7) // 8)) if packed is None else packed
    start = chunk(b'IHDR', struct.pack('>IIBBBBB', width, height, bits, colour, 0, 0, 0))
    return SIGNATURE + start + extra + chunk(b'IDAT', packed) + chunk(b'IEND', b'')


def segment(marker: int, content: bytes) -> bytes:
    """A JPEG segment with its length."""
    return struct.pack('>BBH', 255, marker, len(content) + 2) + content


def jpeg(width: int, height: int, components: int, refinements: int) -> bytes:
    """A progressive JPEG of mid-grey: one scan of DC values a component, then the same refinement of the first one's AC again and again.

    The only DC code is one bit, "no change"; the only AC code is one bit, "the next 16,384 blocks (and up to as many more, in 14
    further bits) end here".
    """
    blocks = (width + 7) // 8 * ((height + 7) // 8)
    numbers = range(1, components + 1)
    frame = struct.pack('>BHHB', 8, height, width, components) + b''.join(bytes([number, 0x11, 0]) for number in numbers)
    tables = segment(0xDB, b'\0' + b'\1' * 64) + segment(0xC2, frame)
    for kind, symbol in ((0x00, 0x00), (0x10, 0xE0)):
        tables += segment(0xC4, bytes([kind, 1]) + bytes(15) + bytes([symbol]))
    direct = b''.join(segment(0xDA, bytes([1, number, 0, 0, 0, 0])) + bytes(math.ceil(blocks / 8)) for number in numbers)
    ends = bytes(math.ceil(math.ceil(blocks / 16384) * 15 / 8))
    first, again = (segment(0xDA, bytes([1, 1, 0, 1, 63, exact])) + ends for exact in (0x01, 0x10))
    return b'\xff\xd8' + tables + direct + (first + again * refinements if refinements else b'') + b'\xff\xd9'


def gif(width: int, height: int, frames: int = 1, comment: bytes = b'') -> bytes:
    """A GIF of black frames; LZW's table is filled and cleared over and over."""
    head = b'GIF89a' + struct.pack('<HHBBB', width, height, 0x80, 0, 0) + bytes(6)
    extension = b'\x21\xfe' + bytes([len(comment)]) + comment + b'\0' if comment else b''
    packed = _blocks(_bits(_codes(width * height)))
    return head + extension + (b',' + struct.pack('<HHHHB', 0, 0, width, height, 0) + b'\x02' + packed) * frames + b';'


def _codes(pixels: int) -> Iterator[tuple[int, int]]:
    """(code, bits): clear, runs of zeros each one longer than the last until 12 bits are full, clear, ..., end."""
    bits = 3
    while pixels:
        yield 4, bits
        for step in range(1, 4091):
            run = min(step, pixels)
            yield (0 if run == 1 else run + 4), max(3, (step + 4).bit_length())
            pixels -= run
            bits = max(3, (step + 5).bit_length())
            if not pixels:
                break
    yield 5, bits


def _bits(codes: Iterator[tuple[int, int]]) -> bytes:
    out, held, count = bytearray(), 0, 0
    for code, bits in codes:
        held, count = held | code << count, count + bits
        while count >= 8:
            out.append(held & 255)
            held, count = held >> 8, count - 8
    return bytes(out + bytes([held]))


def _blocks(data: bytes) -> bytes:
    parts = (data[at : at + 255] for at in range(0, len(data), 255))
    return b''.join(bytes([len(part)]) + part for part in parts) + b'\0'


def webp(width: int, height: int) -> bytes:
    """A lossless WebP whose five codes have one symbol of no bits each: any size is 32 bytes long."""
    size = width - 1 | height - 1 << 14
    codes = sum(1 << 35 + 4 * number for number in range(5))
    content = b'\x2f' + (size | codes).to_bytes(7, 'little') + bytes(4)  # OpenCV takes no WebP of fewer than 32 bytes
    return b'RIFF' + struct.pack('<I', 12 + len(content)) + b'WEBPVP8L' + struct.pack('<I', len(content)) + content


def tiff(width: int, height: int, bits: int, rows: int, directories: int = 1, loop: bool = False) -> bytes:
    """A deflated RGBA TIFF of zeros whose strips are all the same bytes. More directories have one tag; `loop`: the last leads back."""
    packed = zeros(width * rows * bits // 2)
    strips = math.ceil(height / rows)
    at = 8 + len(packed)
    offsets, sizes = (struct.pack(f'<{strips}I', *[value] * strips) for value in (8, len(packed)))
    depths = struct.pack('<4H', *[bits] * 4)
    tables = at, at + len(offsets), at + 2 * len(offsets)
    where = (8, len(packed)) if strips == 1 else tables[:2]
    entries = (
        *((256, 4, 1, width), (257, 4, 1, height), (258, 3, 4, tables[2]), (259, 3, 1, 8), (262, 3, 1, 2), (273, 4, strips, where[0])),
        *((277, 3, 1, 4), (278, 4, 1, rows), (279, 4, strips, where[1]), (338, 3, 1, 2)),
    )
    start = tables[2] + len(depths)
    end = start + 6 + 12 * len(entries)
    more = [end + 18 * number for number in range(directories - 1)]
    page = struct.pack('<H', len(entries)) + b''.join(struct.pack('<HHII', *entry) for entry in entries)
    pages = [page, *[struct.pack('<HHHII', 1, 254, 4, 1, 0)] * len(more)]
    chain = b''.join(page + struct.pack('<I', after) for page, after in zip(pages, [*more, start if loop else 0], strict=True))
    return b'II*\0' + struct.pack('<I', start) + packed + offsets + sizes + depths + chain


def bmp(width: int, height: int) -> bytes:
    """A run-length coded BMP whose picture ends at once."""
    info = struct.pack('<IiiHHIIiiII', 40, width, height, 1, 8, 1, 2, 0, 0, 2, 0)
    return b'BM' + struct.pack('<IHHI', 64, 0, 0, 62) + info + bytes(4) + b'\xff\xff\xff\0' + b'\0\1'
