"""Changes that keep a file's structure: its parts are dropped, doubled, moved and lied about, and a PNG's checksums fit afterwards."""

from __future__ import annotations

import random
import re
import zlib

from tests.bombs import SIGNATURE, chunk

NUMBERS = (0, 1, 2, 3, 7, 8, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0xFFFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
PARTS = {
    b'\xff\xd8': re.compile(rb'(?=\xff[\x01-\xcf\xd8-\xfe])'),  # a JPEG's segments
    b'GIF8': re.compile(rb'(?=[!,;])'),  # a GIF's blocks
    b'RIFF': re.compile(rb'(?=VP8|ALPH|ANI|ANMF|EXIF|ICCP|XMP )'),  # a WebP's chunks
    b'II': re.compile(rb'(?=[\x00-\xff]\x01[\x01-\x12]\x00)', re.DOTALL),  # a TIFF's tags
    b'BM': re.compile(rb'(?=\x00[^\x00])'),
}


def mutate(data: bytes, chance: random.Random) -> bytes:
    """One change, of a number or of the parts' order."""
    if data.startswith(SIGNATURE):
        return _png(data, chance)
    splitter = next((pattern for start, pattern in PARTS.items() if data.startswith(start)), None)
    if splitter is None or chance.random() < 0.6:
        return number(data, chance)
    return b''.join(reorder(splitter.split(data), chance))


def number(data: bytes, chance: random.Random) -> bytes:
    """A number of one, two or four bytes becomes one that readers trip over, or a bit more or less."""
    if not data:
        return data
    size, at = chance.choice((1, 1, 2, 4)), chance.randrange(min(len(data), chance.choice((32, 128, 1 << 16))))
    order = chance.choice(('little', 'big'))
    nearby = int.from_bytes(data[at : at + size], order) + chance.choice((-1, 1, -8, 8))
    value = chance.choice((nearby, chance.choice(NUMBERS), len(data) + chance.randrange(-20, 20), chance.getrandbits(32)))
    return data[:at] + (value % (1 << 8 * size)).to_bytes(size, order) + data[at + size :]


def reorder(parts: list[bytes], chance: random.Random) -> list[bytes]:
    """A part is dropped, repeated up to 300 times, moved, or changed."""
    at, parts = chance.randrange(len(parts)), list(parts)
    part = parts.pop(at)
    kind = chance.randrange(4)
    if kind == 1:
        parts[at:at] = [part] * chance.choice((2, 2, 3, 300))
    elif kind == 2:
        parts.insert(chance.randrange(len(parts) + 1), part)
    elif kind == 3:
        parts.insert(at, number(part, chance))
    return parts


def _png(data: bytes, chance: random.Random) -> bytes:
    parts = _chunks(data)
    if not parts or chance.random() < 0.05:
        return number(data, chance)
    if chance.random() < 0.3:
        parts = reorder(parts, chance)
    else:
        at = chance.randrange(len(parts))
        kind, content = parts[at][:4], parts[at][4:]
        parts[at] = kind + (_repacked(content, chance) if kind in (b'IDAT', b'zTXt') else number(content, chance))
    return SIGNATURE + b''.join(chunk(part[:4], part[4:]) for part in parts)


def _chunks(data: bytes) -> list[bytes]:
    """A PNG's chunks, each its type and content."""
    found, at = [], len(SIGNATURE)
    while at + 12 <= len(data):
        length = int.from_bytes(data[at : at + 4], 'big')
        found.append(data[at + 4 : at + 8 + length])
        at += 12 + length
    return found


def _repacked(content: bytes, chance: random.Random) -> bytes:
    """Changes what was compressed, not how."""
    try:
        pixels = zlib.decompressobj().decompress(content, 1 << 20)
    except zlib.error:
        return number(content, chance)
    return zlib.compress(number(pixels, chance)[: chance.choice((1 << 20, chance.randrange(1 + len(pixels))))], chance.choice((0, 6)))
