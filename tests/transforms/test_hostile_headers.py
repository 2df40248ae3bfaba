"""Headers of hostile structures, of flipped and any bytes; what bytes that are no image look like."""

import struct
import time
import tracemalloc

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mien.transforms.formats import BrokenHeader, looks_like, read_header
from tests.headers import NOISE, SAMPLES, chunk, segment, tiff

M = 1 << 18
PIXELS = ((256, 3, 1, 5), (257, 3, 1, 3))
HOSTILE = {
    'jpeg of tiny segments': b'\xff\xd8' + segment(0xE0, b'') * (M // 4),
    'jpeg of EXIF blocks': b'\xff\xd8' + segment(0xE1, b'Exif\0\0MM\0*\0\0\0\x08\0\0') * (M // 20),
    'jpeg of fill bytes': b'\xff\xd8' + b'\xff' * M,
    'jpeg of stuffing': b'\xff\xd8' + b'\xff\0' * (M // 2),
    'jpeg of scans': SAMPLES['jpeg'][:-2] + segment(0xDA, b'') * (M // 4),
    'jpeg of TEM markers': b'\xff\xd8' + b'\xff\x01' * (M // 2),
    'png of empty chunks': SAMPLES['png'][:33] + chunk(b'tEXt', b'') * (M // 12),
    'png of EXIF chunks': SAMPLES['png'][:33] + (struct.pack('>I4s', 0, b'eXIf') + b'\0' * 4) * (M // 12),
    'png of transparent colours': SAMPLES['palette png'][:33] + chunk(b'tRNS', b'') * (M // 12),
    'webp of empty chunks': b'RIFF\xff\xff\xff\xffWEBPVP8X\x0a\0\0\0\x08\0\0\0' + b'\x05\0\0' * 2 + (b'JUNK' + b'\0' * 4) * (M // 8),
    'gif of tiny blocks': b'GIF89a\x03\0\x02\0\0\0\0' + b'\x21\xfe' + b'\x01x' * (M // 2),
    'gif of extensions': b'GIF89a\x03\0\x02\0\0\0\0' + b'\x21\xfe\0' * (M // 3),
    'gif of frames': b'GIF89a\x03\0\x02\0\0\0\0' + (b',' + b'\0' * 9 + b'\x02\0') * (M // 12),
    'tiff of 65,535 tags': tiff(*PIXELS, *[(273, 4, M // 8, 100)] * 65533),
    'tiff of one long table': tiff(*PIXELS, (273, 4, M // 4, 62), (279, 4, M // 4, 62), tail=b'\0' * M),
    'tiff of endless tables': tiff(*PIXELS, (273, 4, 0xFFFFFFFF, 62), (279, 4, 0xFFFFFFFF, 62), tail=b'\0' * M),
    'tiff that follows itself': tiff(*PIXELS, (273, 4, 1, 8), following=8),
    'bigtiff of many tags': b'II+\0\x08\0\0\0\x10'
    + b'\0' * 7
    + struct.pack('<Q', M // 20)
    + struct.pack('<HHQQ', 273, 16, M // 8, 40) * (M // 20),
    'bigtiff of 2**60 tags': b'II+\0\x08\0\0\0\x10' + b'\0' * 7 + struct.pack('<Q', 1 << 60) + b'\0' * M,
    'bigtiff beyond': b'II+\0\x08\0\0\0' + b'\xff' * 8,
    'zeros': b'\0' * M,
    'nested json': b'[' * M,
}


@pytest.mark.parametrize(
    'data',
    [
        SAMPLES['png'][:16] + struct.pack('>I', 2**32 - 1) + SAMPLES['png'][20:],
        tiff((256, 4, 1, 2**32 - 1), (257, 3, 1, 3), (273, 4, 1, 8), (279, 4, 1, 3)),
    ],
)
def test_a_side_that_no_column_holds_is_a_broken_header(data):
    with pytest.raises(BrokenHeader, match='4294967295x'):
        read_header(data)


@pytest.mark.parametrize('name', HOSTILE)
def test_hostile_structures_cost_time_and_memory_in_proportion(name):
    """A walk of a quarter megabyte takes milliseconds; one that is quadratic, or believes a length, would take minutes or gigabytes."""
    started = time.process_time()
    survives(HOSTILE[name])
    assert time.process_time() - started < 2
    tracemalloc.start()
    survives(HOSTILE[name])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * len(HOSTILE[name]) + 2 * M


def survives(data: bytes) -> None:
    try:
        header = read_header(data)
    except BrokenHeader:
        header = None
    sides = range(1, 2**31)  # what a column holds
    assert header is None or (header.width in sides and header.height in sides and header.orientation in range(1, 9))
    assert looks_like(data)


@settings(max_examples=400)
@given(st.sampled_from([b'', *sorted({data[:24] for data in SAMPLES.values()})]), st.integers(0, 24), st.binary(max_size=200))
@example(b'II*\0\x08\0\0\0\x01\0', 10, b'\x11\x01\x02\0\xff\xff\xff\xff')
def test_any_bytes_behind_any_beginning(beginning, kept, rest):
    survives(beginning[:kept] + rest)


@settings(max_examples=400)
@given(st.sampled_from(sorted(SAMPLES)), st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=8), st.integers(0, 3000))
def test_flipped_bytes(name, flips, cut):
    data = bytearray(SAMPLES[name][: len(SAMPLES[name]) - cut if cut < len(SAMPLES[name]) else None])
    for place, value in flips:
        data[place % len(data)] = value
    survives(bytes(data))


@pytest.mark.parametrize(
    ('data', 'name'),
    [
        (b'', 'nothing'),
        (b'\0' * 99, 'zero bytes'),
        (b'\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'HEIC'),
        (b'\0\0\0\x18ftypmif1\0\0\0\0mif1heic', 'HEIC'),
        (b'\0\0\0\x1cftypavif\0\0\0\0mif1avif', 'AVIF'),
        (b'\0\0\0\x1cftypmif1\0\0\0\0mif1avif', 'AVIF'),
        (b'\0\0\0\x18ftypisom\0\0\x02\0isomiso2', 'MP4'),
        (b'\0\0\0\x14ftypqt  \0\0\0\0qt  ', 'MOV'),
        (b'\0\0\0\x18ftypcrx \0\0\0\x01crx isom', 'camera raw'),
        (b'\xff\x0a\0\0', 'JPEG XL'),
        (b'\0\0\0\x0cjP  \r\n\x87\n', 'JPEG 2000'),
        (b'%PDF-1.7\n%\xe2\xe3', 'PDF'),
        (b'8BPS\0\x01', 'PSD'),
        (b'\0\0\x01\0\x01\0\x10\x10', 'ICO'),
        (b'<?xml version="1.0"?>\n<!-- x --><svg xmlns="http://www.w3.org/2000/svg"/>', 'SVG'),
        (b'\xef\xbb\xbf<SVG/>', 'SVG'),
        (b'<?xml version="1.0"?><rss/>', 'XML'),
        (b'\n<!DOCTYPE html><title>404</title>', 'HTML'),
        (b' {"a": 1}', 'JSON'),
        (b'BMW is a car', 'text'),
        ('Grüße aus Köln'.encode('latin-1'), 'text'),
        ('日本語の文章'.encode()[:-1], 'text'),
        ('text'.encode('utf-16'), 'text'),
        (b'PK\x03\x04', 'zip archive'),
        (b'\x1f\x8b\x08', 'gzip archive'),
        (b'7z\xbc\xaf\x27\x1c', '7z archive'),
        (b'Rar!\x1a\x07\x01\0', 'rar archive'),
        (b'x' * 257 + b'ustar\0', 'tar archive'),
        (b'PAR1\x15\x04', 'Parquet'),
        (b'\x89PN', 'binary data'),
        (NOISE.tobytes(), 'binary data'),
    ],
)
def test_what_other_bytes_look_like(data, name):
    assert read_header(data) is None
    assert looks_like(data) == name
