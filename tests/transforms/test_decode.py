"""Pictures against Pillow and by hand: all kinds of pixels, all orientations, first frames, what OpenCV does with damage."""

import io
import struct
import time
import zlib
from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from mien.transforms.decode import Undecodable, decode, silence
from mien.transforms.formats import BrokenHeader, Header, read_header, upright_size

SMOOTH = cv2.resize(np.random.default_rng(0).integers(0, 256, (4, 5, 3), dtype=np.uint8), (40, 24), interpolation=cv2.INTER_LINEAR)
PHOTO = Image.fromarray(SMOOTH)
FADE = Image.fromarray(np.linspace(0, 255, 40 * 24).astype(np.uint8).reshape(24, 40))
MODES = {
    'PNG': ('1', 'L', 'P', 'RGB'),
    'WEBP': ('L', 'RGB'),
    'BMP': ('1', 'L', 'P', 'RGB', 'RGBA'),
    'TIFF': ('1', 'L', 'LA', 'P', 'RGB', 'CMYK'),
    'GIF': ('1', 'L', 'P'),
}
LOSSLESS = {'WEBP': {'lossless': True}}
TURNED = [
    *((kind, mode, {}) for kind, mode in (('JPEG', 'L'), ('JPEG', 'RGB'), ('JPEG', 'CMYK'), ('PNG', 'RGB'), ('PNG', 'P'), ('WEBP', 'RGB'))),
    *(('TIFF', mode, {}) for mode in ('1', 'L', 'P', 'RGB', 'CMYK', 'I;16')),
    *(('TIFF', 'RGB', {'compression': name}) for name in ('tiff_lzw', 'tiff_deflate', 'packbits', 'jpeg')),
    ('TIFF', 'RGB', {'big_tiff': True}),
]


@pytest.fixture(autouse=True)
def _quiet():
    silence()


def save(image: Image.Image, kind: str, **options) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **{**LOSSLESS.get(kind, {}), **options})
    return out.getvalue()


def rgb(data: bytes) -> np.ndarray:
    """What we make of it, as signed RGB."""
    return decode(data, read_header(data))[..., ::-1].astype(int)


def pillows(data: bytes) -> np.ndarray:
    return np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert('RGB')).astype(int)


def sixteen() -> Image.Image:
    return Image.fromarray(np.asarray(PHOTO.convert('L')).astype(np.uint16) * 256 + 255)


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack('>I', len(content)) + kind + content + struct.pack('>I', zlib.crc32(kind + content))


def png(width: int, height: int, pixels: bytes) -> bytes:
    start = struct.pack('>IIBBBBB', width, height, 1, 0, 0, 0, 0)
    return b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', start) + chunk(b'IDAT', pixels) + chunk(b'IEND', b'')


@pytest.mark.parametrize(('kind', 'mode'), [(kind, mode) for kind, modes in MODES.items() for mode in modes])
def test_pixels_are_pillows(kind, mode):
    data = save(PHOTO.convert(mode), kind)
    expected = np.asarray(PHOTO.convert(mode).convert('RGB')).astype(int)
    image = decode(data, read_header(data))
    assert (image.dtype, image.shape, image.flags.c_contiguous) == (np.uint8, (24, 40, 3), True)
    assert np.abs(image[..., ::-1] - expected).max() <= (1 if mode == 'CMYK' else 0)


def test_sixteen_bits_become_eight():
    """The upper eight bits, but for libtiff's colours, which it divides by 257 and rounds."""
    for kind in ('PNG', 'TIFF'):
        assert np.array_equal(rgb(save(sixteen(), kind))[..., 0], np.asarray(sixteen()) >> 8)
    colour = np.asarray(PHOTO).astype(np.uint16) * 256 + np.arange(24, dtype=np.uint16)[:, None, None] * 11
    png, tiff = (cv2.imencode(kind, colour[..., ::-1])[1].tobytes() for kind in ('.png', '.tiff'))
    assert np.array_equal(rgb(png), np.asarray(PHOTO))
    assert np.array_equal(rgb(tiff), np.round(colour / 257))


@pytest.mark.parametrize('mode', ['L', 'RGB', 'CMYK'])
@pytest.mark.parametrize('progressive', [False, True])
def test_jpeg_is_pillows_within_rounding(mode, progressive):
    data = save(PHOTO.convert(mode), 'JPEG', quality=95, progressive=progressive)
    assert np.abs(rgb(data) - pillows(data)).max() <= 4


def test_cmyk_jpeg_without_adobes_marker():
    """Pillow and OpenCV agree to read it like one with the marker, inverted."""
    data = save(PHOTO.convert('CMYK'), 'JPEG', quality=95)
    start = data.index(b'Adobe') - 4
    bare = data[:start] + data[start + 2 + int.from_bytes(data[start + 2 : start + 4], 'big') :]
    assert b'Adobe' not in bare
    assert np.abs(rgb(bare) - pillows(bare)).max() <= 4
    assert np.abs(rgb(bare) - np.asarray(PHOTO)).mean() < 6


@pytest.mark.parametrize('orientation', range(1, 9))
@pytest.mark.parametrize(('kind', 'mode', 'options'), TURNED)
def test_every_orientation_is_pillows(kind, mode, options, orientation):
    image = sixteen() if mode == 'I;16' else PHOTO.convert(mode)
    exif = Image.Exif()
    exif[274] = orientation
    data = save(image, kind, **({'tiffinfo': {274: orientation}} if kind == 'TIFF' else {'exif': exif}), **options)
    header = read_header(data)
    ours = rgb(data)
    expected = pillows(data) if mode != 'I;16' else np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data))))[..., None] >> 8
    assert header.orientation == orientation
    assert ours.shape == (*upright_size(header)[::-1], 3)
    assert np.abs(ours - expected).max() <= (5 if kind == 'JPEG' or mode == 'CMYK' or options.get('compression') == 'jpeg' else 0)


@pytest.mark.parametrize('orientation', range(1, 9))
@pytest.mark.parametrize('kind', ['PNG', 'WEBP', 'TIFF'])
def test_transparency_is_laid_on_white_and_turned(kind, orientation):
    image = PHOTO.copy()
    image.putalpha(FADE)
    exif = Image.Exif()
    exif[274] = orientation
    data = save(image, kind, **({'tiffinfo': {274: orientation}} if kind == 'TIFF' else {'exif': exif, 'exact': True}))
    white = Image.new('RGBA', image.size, 'white')
    white.alpha_composite(image)
    white.getexif()[274] = orientation
    assert np.abs(rgb(data) - np.asarray(ImageOps.exif_transpose(white).convert('RGB'))).max() <= 1


@pytest.mark.parametrize('kind', ['PNG', 'WEBP', 'TIFF'])
def test_transparency_by_hand(kind):
    """200 * 64 / 255 + 191 = 241.2; 100: 216.1; 50: 203.5, a tie to within what 8 bits hold."""
    image = Image.new('RGBA', (3, 2), (200, 100, 50, 64))
    image.putpixel((2, 1), (9, 9, 9, 0))
    image.putpixel((0, 0), (9, 9, 9, 255))
    pixels = rgb(save(image, kind))
    assert pixels[0, 0].tolist() == [9, 9, 9]
    assert pixels[1, 2].tolist() == [255, 255, 255]
    assert np.abs(pixels[0, 1] - (241.2, 216.1, 203.5)).max() < 1


def test_transparent_colours_and_sixteen_bits_of_alpha():
    palette = PHOTO.convert('P')
    hidden = np.asarray(palette) == palette.getpixel((0, 0))
    for kind in ('PNG', 'GIF'):
        pixels = rgb(save(palette, kind, transparency=palette.getpixel((0, 0))))
        assert (pixels[hidden] == 255).all()
        assert np.array_equal(pixels[~hidden], np.asarray(palette.convert('RGB'))[~hidden])
    deep = np.full((3, 4, 4), (10000, 20000, 40000, 0x4000), np.uint16)
    pixels = rgb(cv2.imencode('.png', deep)[1].tobytes())
    assert np.abs(pixels - (156 * 64 / 255 + 191, 78 * 64 / 255 + 191, 39 * 64 / 255 + 191)).max() < 1
    grey = save(Image.new('L', (3, 2), 77), 'PNG', transparency=77)
    assert (rgb(grey) == 77).all()


@pytest.mark.parametrize('kind', ['GIF', 'PNG', 'WEBP', 'TIFF'])
def test_the_first_frame_counts(kind):
    first = PHOTO.convert('L') if kind == 'GIF' else PHOTO
    data = save(first, kind, save_all=True, append_images=[first.rotate(180), first.transpose(Image.Transpose.FLIP_LEFT_RIGHT)])
    assert np.array_equal(rgb(data), np.asarray(first.convert('RGB')))


def test_an_animated_png_gives_its_first_frame_not_a_default_image_outside_it():
    frames = [PHOTO.rotate(180), PHOTO.transpose(Image.Transpose.FLIP_TOP_BOTTOM)]
    data = save(PHOTO, 'PNG', save_all=True, append_images=frames, default_image=True)
    assert np.array_equal(rgb(data), np.asarray(frames[0]))


def test_an_animated_pngs_first_frame_that_covers_a_part_gives_way_to_the_default_image():
    data = save(PHOTO, 'PNG', save_all=True, append_images=[PHOTO.rotate(180)], default_image=True)
    place = data.index(b'fcTL')
    smaller = data[: place + 8] + (20).to_bytes(4) + data[place + 12 :]
    assert np.array_equal(rgb(smaller), np.asarray(PHOTO))


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


def test_an_animated_webp_lies_on_its_own_background():
    image = Image.new('RGBA', (8, 8), (200, 100, 50, 255))
    image.paste((0, 0, 0, 0), (0, 0, 8, 4))
    data = save(image, 'WEBP', save_all=True, append_images=[Image.new('RGBA', (8, 8), 'red')])
    assert rgb(data)[0, 0].tolist() == [0, 0, 0]
    assert rgb(data)[7, 7].tolist() == [200, 100, 50]


def test_what_pillow_calls_upright_has_our_size():
    for name, options in (('JPEG', {}), ('PNG', {}), ('WEBP', {})):
        exif = Image.Exif()
        exif[274] = 6
        data = save(PHOTO, name, exif=exif, **options)
        assert upright_size(read_header(data)) == ImageOps.exif_transpose(Image.open(io.BytesIO(data))).size == (24, 40)


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


@settings(max_examples=300, deadline=None, derandomize=True)
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
