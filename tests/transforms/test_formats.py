"""Headers against Pillow and by hand, cuts at every byte."""

import io
import struct

import numpy as np
import pytest
from PIL import Image

from mien.transforms.formats import BrokenHeader, CutHeader, Header, looks_like, read_header, upright_size
from tests.headers import MANY, PHOTO, SAMPLES, chunk, save, segment, tiff, turned

MODES = {
    'JPEG': ('L', 'RGB', 'CMYK', '1'),
    'PNG': ('1', 'L', 'LA', 'P', 'RGB', 'RGBA', 'I;16'),
    'WEBP': ('L', 'RGB', 'RGBA'),
    'BMP': ('1', 'L', 'P', 'RGB', 'RGBA'),
    'TIFF': ('1', 'L', 'LA', 'P', 'RGB', 'RGBA', 'CMYK', 'I;16'),
    'GIF': ('1', 'L', 'P', 'RGB', 'RGBA'),
}


def in_mode(mode: str, image: Image.Image = PHOTO) -> Image.Image:
    return Image.fromarray(np.asarray(image.convert('L')).astype(np.uint16) * 257) if mode == 'I;16' else image.convert(mode)


@pytest.mark.parametrize(('kind', 'mode'), [(kind, mode) for kind, modes in MODES.items() for mode in modes])
def test_size_format_and_wholeness_are_pillows(kind, mode):
    data = save(in_mode(mode), kind)
    header = read_header(data)
    assert (header.format, header.width, header.height, header.orientation, header.complete) == (kind.lower(), 13, 9, 1, True)
    assert Image.open(io.BytesIO(data)).size == upright_size(header) == (13, 9)


@pytest.mark.parametrize(
    ('kind', 'mode', 'alpha'),
    [
        *(('PNG', 'LA', True), ('PNG', 'RGBA', True), ('PNG', 'P', False), ('WEBP', 'RGBA', True), ('WEBP', 'RGB', False)),
        *(('TIFF', 'RGBA', True), ('TIFF', 'RGB', False), ('GIF', 'RGB', False), ('BMP', 'RGBA', False)),
    ],
)
def test_alpha(kind, mode, alpha):
    image = in_mode(mode)
    if alpha:
        image.putalpha(100)
    assert read_header(save(image, kind)).alpha is alpha
    assert read_header(SAMPLES['palette png']).alpha


@pytest.mark.parametrize('kind', ['JPEG', 'PNG', 'WEBP', 'TIFF'])
@pytest.mark.parametrize('orientation', range(1, 9))
def test_orientation(kind, orientation):
    header = read_header(turned(kind, orientation))
    assert (header.width, header.height, header.orientation) == (13, 9, orientation)
    assert upright_size(header) == ((9, 13) if orientation >= 5 else (13, 9))


def test_orientation_of_either_byte_order_out_of_range_and_of_a_broken_block():
    little = b'II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0'
    great = b'MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0'
    for block, expected in ((little, 6), (great, 6), (great.replace(b'\x06', b'\x09'), 1), (great[:15], 1), (b'', 1), (b'II*\0', 1)):
        jpeg = SAMPLES['jpeg']
        assert read_header(jpeg[:2] + segment(0xE1, b'Exif\0\0' + block) + jpeg[2:]).orientation == expected
        png = SAMPLES['png']
        assert read_header(png[:-12] + chunk(b'eXIf', block) + png[-12:]).orientation == expected


def test_headers_written_by_hand():
    frame = segment(0xC0, b'\x08\x01\x02\x03\x04\x01\x01\x11\0')  # 0x0102 = 258 rows of 0x0304 = 772
    scan = segment(0xDA, b'\x01\x01\0\0\x3f\0') + b'\x12\xff\0\x34\xff\xd0\x56'
    assert read_header(b'\xff\xd8' + frame + scan + b'\xff\xd9') == Header('jpeg', 772, 258)
    assert read_header(b'\xff\xd8\xff' + frame + b'\0\xff\0' + scan + b'\xff\xd9more') == Header('jpeg', 772, 258)
    assert read_header(b'GIF89a\x03\0\x02\0\0\0\0' + b'\x21\xf9\x04\x01\0\0\0\0' + b',' + b'\0' * 9 + b'\x02\0;') == Header(
        'gif', 3, 2, alpha=True
    )
    lossless = b'WEBPVP8L\x06\0\0\0\x2f' + struct.pack('<I', 4 | 6 << 14 | 1 << 28) + b'\0'
    assert read_header(b'RIFF' + struct.pack('<I', len(lossless)) + lossless) == Header('webp', 5, 7, alpha=True)
    core = b'BM\0\0\0\0\0\0\0\0\x1a\0\0\0\x0c\0\0\0\x05\0\x03\0\x01\0\x18\0' + b'\0' * 48
    assert read_header(core) == Header('bmp', 5, 3)
    assert not read_header(core[:-1]).complete
    assert read_header(tiff((256, 3, 1, 5), (257, 4, 1, 3), (273, 4, 1, 0), (279, 4, 1, 62))) == Header('tiff', 5, 3)
    assert not read_header(tiff((256, 3, 1, 5), (257, 4, 1, 3), (273, 4, 1, 0), (279, 4, 1, 63))).complete


def test_a_bmp_from_the_top_down_and_run_lengths():
    def bmp(height: int, packing: int, size: int, pixels: bytes) -> bytes:
        info = struct.pack('<IiiHHIIiiII', 40, 5, height, 1, 8, packing, size, 0, 0, 0, 0)
        return b'BM' + struct.pack('<IHHI', 54 + len(pixels), 0, 0, 54) + info + pixels

    assert read_header(bmp(-3, 0, 0, b'\0' * 24)) == Header('bmp', 5, 3)
    rows = b'\x05\x01\0\0\x05\x02\0\0\x05\x03\0\x01'
    for size in (12, 0):
        assert read_header(bmp(3, 1, size, rows)) == Header('bmp', 5, 3)
        assert not read_header(bmp(3, 1, size, rows)[:-1]).complete


@pytest.mark.parametrize('name', SAMPLES)
def test_a_cut_at_every_byte_is_seen(name):
    """None of these files may lose its last byte unseen, but for a TIFF's, whose pixels need not come last."""
    data, needed = SAMPLES[name], len(SAMPLES[name])
    if 'tiff' in name:
        needed = max(cut for cut in range(len(data)) if not whole(data[:cut])) + 1
        assert needed >= len(data) - 40
    assert whole(data)
    assert not any(whole(data[:cut]) for cut in range(needed))


def whole(data: bytes) -> bool:
    try:
        header = read_header(data)
    except CutHeader:
        return False
    return header is not None and header.complete


def test_a_cut_jpeg_is_not_whole_for_the_pictures_inside_or_behind_it():
    thumbnail, jpeg = SAMPLES['jpeg'], SAMPLES['progressive jpeg']
    framed = jpeg[:2] + segment(0xE1, b'Exif\0\0' + thumbnail) + segment(0xFE, b'\xff\xd9') + jpeg[2:]
    assert read_header(framed) == Header('jpeg', 13, 9)
    second = jpeg.index(b'\xff\xda', jpeg.index(b'\xff\xda') + 2)
    between = jpeg[:second] + segment(0xFE, b'\xff\xd9') + jpeg[second:]
    assert read_header(between) == Header('jpeg', 13, 9)
    assert not any(whole(data[:cut]) for data in (framed, between) for cut in range(len(data)))
    assert not read_header(thumbnail[:-20] + thumbnail).complete
    assert read_header(jpeg + thumbnail[:-50]).complete


def test_later_pages_may_be_cut_and_later_frames_may_not():
    pages = save(PHOTO, 'TIFF', **MANY)
    assert read_header(pages[: len(pages) // 2]) == Header('tiff', 13, 9)
    for name in ('animated gif', 'animated webp', 'animated png'):
        assert not read_header(SAMPLES[name][: len(SAMPLES[name]) * 2 // 3]).complete


@pytest.mark.parametrize(
    'data',
    [
        b'\xff\xd8\xff\xd9',
        b'\xff\xd8\xff\xe0\0\0' + SAMPLES['jpeg'][2:],
        b'\xff\xd8' + segment(0xC0, b'\x08\0\0\0\x05\x01\x01\x11\0') + b'\xff\xd9',
        SAMPLES['png'].replace(b'IHDR', b'CgBI'),
        b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', 0, 5, 8, 2, 0, 0, 0)),
        SAMPLES['lossy webp'].replace(b'\x9d\x01\x2a', b'\0\0\0'),
        SAMPLES['lossy webp'].replace(b'VP8 ', b'JUNK'),
        SAMPLES['lossless webp'].replace(b'\x2f', b'\0', 1),
        b'GIF89a\x03\0\x02\0\0\0\0;',
        b'GIF89a\0\0\x02\0' + SAMPLES['gif'][10:],
        SAMPLES['bmp'][:18] + b'\xff' * 4 + SAMPLES['bmp'][22:],
        tiff((256, 3, 1, 5), (257, 3, 1, 3)),
        tiff((273, 4, 1, 0)),
    ],
)
def test_a_header_that_makes_no_sense_is_broken_not_cut(data):
    with pytest.raises(BrokenHeader) as caught:
        read_header(data)
    assert type(caught.value) is BrokenHeader


def test_raw_files_of_cameras_are_not_their_previews():
    strips = ((273, 4, 1, 0), (279, 4, 1, 9))
    raws = (
        tiff((254, 4, 1, 1), (256, 3, 1, 160), (257, 3, 1, 120), *strips, (330, 4, 1, 8)),
        tiff((254, 4, 1, 0), (256, 3, 1, 5), (257, 3, 1, 3), *strips, (50706, 1, 4, 0x0401)),
        b'II*\0\x10\0\0\0CR\x02\0' + b'\0' * 90,
    )
    assert [(read_header(raw), looks_like(raw)) for raw in raws] == [(None, 'camera raw')] * 3
    assert read_header(tiff((254, 4, 1, 0), (256, 3, 1, 5), (257, 3, 1, 3), *strips, (330, 4, 1, 8))) == Header('tiff', 5, 3)
