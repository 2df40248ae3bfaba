"""Pictures against Pillow and by hand: all kinds of pixels, all orientations, first frames."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image, ImageOps

from mien.transforms.decode import decode
from mien.transforms.formats import read_header, upright_size
from tests.pictures import MODES, PHOTO, rgb, save

pytestmark = pytest.mark.usefixtures('quiet')
FADE = Image.fromarray(np.linspace(0, 255, 40 * 24).astype(np.uint8).reshape(24, 40))
TURNED = [
    *((kind, mode, {}) for kind, mode in (('JPEG', 'L'), ('JPEG', 'RGB'), ('JPEG', 'CMYK'), ('PNG', 'RGB'), ('PNG', 'P'), ('WEBP', 'RGB'))),
    *(('TIFF', mode, {}) for mode in ('1', 'L', 'P', 'RGB', 'CMYK', 'I;16')),
    *(('TIFF', 'RGB', {'compression': name}) for name in ('tiff_lzw', 'tiff_deflate', 'packbits', 'jpeg')),
    ('TIFF', 'RGB', {'big_tiff': True}),
]


def pillows(data: bytes) -> np.ndarray:
    return np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert('RGB')).astype(int)


def sixteen() -> Image.Image:
    return Image.fromarray(np.asarray(PHOTO.convert('L')).astype(np.uint16) * 256 + 255)


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
