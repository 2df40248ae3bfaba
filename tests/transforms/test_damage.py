"""What decoding makes of damaged pictures: undecodable, or the whole picture; what OpenCV does with them."""

import struct
import time
import zlib
from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from mien.transforms.decode import Undecodable, decode
from mien.transforms.formats import BrokenHeader, Header, read_header, upright_size
from tests.headers import chunk
from tests.pictures import MODES, PHOTO, SMOOTH, rgb, save

pytestmark = pytest.mark.usefixtures('quiet')


def png(width: int, height: int, pixels: bytes) -> bytes:
    start = struct.pack('>IIBBBBB', width, height, 1, 0, 0, 0, 0)
    return b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', start) + chunk(b'IDAT', pixels) + chunk(b'IEND', b'')


@pytest.mark.parametrize('apart', [False, True])
def test_an_animated_png_whose_first_frame_lacks_rows_is_undecodable(apart):
    """Found by fuzzing: OpenCV gives what lay in memory for them, another picture every time."""
    data = save(PHOTO, 'PNG', save_all=True, append_images=[PHOTO.rotate(180)], default_image=apart)
    kind, number = (b'fdAT', 4) if apart else (b'IDAT', 0)
    place = data.index(kind)
    (length,) = struct.unpack('>I', data[place - 4 : place])
    pixels = zlib.decompress(data[place + 4 + number : place + 4 + length])
    short = data[place + 4 : place + 4 + number] + zlib.compress(pixels[: len(pixels) // 2])
    with pytest.raises(Undecodable):
        rgb(data[: place - 4] + chunk(kind, short) + data[place + 8 + length :])


DAMAGED = {
    'jpeg cut': save(PHOTO, 'JPEG')[:-30],
    'progressive jpeg cut': save(PHOTO, 'JPEG', progressive=True)[:-30],
    'png cut': save(PHOTO, 'PNG')[:-30],
    'png checksum': (lambda data: data[:-17] + bytes([data[-17] ^ 1]) + data[-16:])(save(PHOTO, 'PNG')),
    'png of too few rows': png(100, 100, zlib.compress(b'\0' * 50)),
    'png of no rows': png(100, 100, b''),
    'png over OpenCVs limit of pixels': png(40000, 40000, b''),
    'png over OpenCVs limit of width': png((1 << 20) + 1, 1, b''),
    'webp cut': save(PHOTO, 'WEBP')[:-2],
    'gif cut': save(PHOTO, 'GIF')[:-1],
    'bmp cut': save(PHOTO, 'BMP')[:-1],
    'lzw tiff cut': save(PHOTO, 'TIFF', compression='tiff_lzw')[:-10],
    'tiff of floats': cv2.imencode('.tiff', SMOOTH.astype(np.float32))[1].tobytes(),
    'tiff of 32-bit integers': save(Image.fromarray(np.full((24, 40), 40000, np.int32)), 'TIFF'),
    'tiff by zstd': save(PHOTO, 'TIFF', compression='zstd'),
    'tiff by lzma': save(PHOTO, 'TIFF', compression='lzma'),
}


@pytest.mark.parametrize('name', DAMAGED)
def test_damage_is_undecodable(name):
    try:
        header = read_header(DAMAGED[name])
    except BrokenHeader:
        header = Header('tiff', 40, 24)
    assert header.complete is ('cut' not in name) or 'tiff' in name
    with pytest.raises(Undecodable):
        decode(DAMAGED[name], header)


def test_a_jpeg_that_was_cut_and_closed_again_is_grey_where_it_is_missing():
    """Nothing in OpenCV's answer tells it from a whole picture. Should this ever change, `truncated` can say so."""
    data = save(PHOTO.resize((160, 120)), 'JPEG', quality=95)
    closed = data[: len(data) * 2 // 3] + b'\xff\xd9'
    assert read_header(closed) == Header('jpeg', 160, 120)
    assert np.abs(rgb(closed)[-1, -1] - 128).max() <= 8


def test_a_png_that_claims_a_chunk_of_two_gigabytes_costs_nothing():
    data = save(PHOTO, 'PNG')
    place = data.index(b'IDAT') - 4
    data = data[:place] + b'\x7f\xff\xff\xf0' + data[place + 4 :]
    started = time.process_time()
    with pytest.raises(Undecodable, match='ends before its pixels do'):
        decode(data, read_header(data))
    assert time.process_time() - started < 0.5


def test_another_size_than_the_headers_is_undecodable():
    data = save(PHOTO, 'PNG')
    with pytest.raises(Undecodable, match='decoded to 40x24 pixels, the header says 41x24'):
        decode(data, replace(read_header(data), width=41))
    data = save(PHOTO, 'TIFF', tiffinfo={274: 6})
    with pytest.raises(Undecodable, match='decoded to 24x40 pixels, the header says 40x24'):
        decode(data, replace(read_header(data), orientation=1))


def test_bytes_that_are_no_image_and_no_bytes_are_undecodable():
    for data in (b'', b'text', b'\0' * 100):
        with pytest.raises(Undecodable):
            decode(data, Header('png', 1, 1))


WHOLE = {
    **{f'{kind} {mode}': save(PHOTO.convert(mode), kind) for kind, modes in MODES.items() for mode in modes},
    'jpeg': save(PHOTO, 'JPEG'),
    'progressive': save(PHOTO, 'JPEG', progressive=True),
    'rgba png': save(PHOTO.convert('RGBA'), 'PNG'),
    'rgba tiff': save(PHOTO.convert('RGBA'), 'TIFF', compression='tiff_lzw'),
    'rgba webp': save(PHOTO.convert('RGBA'), 'WEBP'),
    'animated gif': save(PHOTO, 'GIF', save_all=True, append_images=[PHOTO.rotate(180)]),
}


@pytest.mark.parametrize('name', sorted(WHOLE))
def test_what_a_header_calls_complete_decodes_to_the_whole_picture(name):
    """At each cut (every 7th of long files): incomplete, broken, or the same pixels as the file before it was cut."""
    data = WHOLE[name]
    expected = decode(data, read_header(data))
    for cut in range(0, len(data), 1 + len(data) // 400):
        try:
            header = read_header(data[:cut])
        except BrokenHeader:
            continue
        if header and header.complete:
            assert np.array_equal(decode(data[:cut], header), expected)


@settings(max_examples=300, derandomize=True)
@given(st.sampled_from(sorted(WHOLE)), st.lists(st.tuples(st.integers(0, 1 << 12), st.integers(0, 255)), min_size=1, max_size=6))
def test_flipped_bytes_give_a_picture_or_undecodable(name, flips):
    data = bytearray(WHOLE[name])
    for place, value in flips:
        data[place % len(data)] = value
    try:
        header = read_header(bytes(data))
        if header and header.width * header.height < 1 << 20:
            assert decode(bytes(data), header).shape == (*upright_size(header)[::-1], 3)
    except (BrokenHeader, Undecodable):
        pass
