"""What fuzzing begins with: one small valid file of every kind that a reader or a decoder treats on its own."""

from __future__ import annotations

import numpy as np
from PIL import Image

from tests import bombs
from tests.hostile import PHOTO, saved

SMALL = PHOTO.resize((24, 16))
FRAMES = [SMALL.rotate(180), SMALL.transpose(Image.Transpose.FLIP_LEFT_RIGHT)]
ANIMATED = {'save_all': True, 'append_images': FRAMES}
TIFFS = (None, 'tiff_lzw', 'tiff_deflate', 'packbits', 'jpeg', 'zstd', 'lzma')


def seeds() -> list[bytes]:
    """Valid files of up to about 3 KB."""
    return [*_photos(), *_modes(), *(saved('TIFF', SMALL, compression=name) for name in TIFFS), *_built()]


def _photos() -> list[bytes]:
    exif = Image.Exif()
    exif[274] = 6
    turned = [saved(kind, SMALL, exif=exif) for kind in ('JPEG', 'PNG', 'WEBP')]
    animated = [saved(kind, SMALL, **ANIMATED) for kind in ('GIF', 'PNG', 'WEBP', 'TIFF')]
    jpegs = [saved('JPEG', SMALL, progressive=True), saved('JPEG', SMALL.convert('CMYK')), saved('JPEG', SMALL, restart_marker_blocks=1)]
    return [*turned, *animated, *jpegs, saved('WEBP', SMALL, lossless=True), saved('TIFF', SMALL, big_tiff=True)]


def _modes() -> list[bytes]:
    deep = Image.fromarray(np.asarray(SMALL.convert('L')).astype(np.uint16) * 257)
    modes = {
        'PNG': ('1', 'L', 'LA', 'P', 'RGB', 'RGBA'),
        'BMP': ('1', 'P', 'RGB', 'RGBA'),
        'TIFF': ('1', 'P', 'RGBA', 'CMYK'),
        'GIF': ('1', 'P'),
    }
    return [saved(kind, SMALL.convert(mode)) for kind, some in modes.items() for mode in some] + [
        saved(kind, deep) for kind in ('PNG', 'TIFF')
    ]


def _built() -> list[bytes]:
    """Kinds that Pillow doesn't write."""
    return [
        bombs.jpeg(24, 16, 3, 2),
        bombs.png(24, 16, 16, 6),
        bombs.png(24, 16, 8, 2, extra=bombs.chunk(b'zTXt', b'a\0\0' + bombs.zeros(99)) + bombs.chunk(b'tRNS', bytes(6))),
        bombs.tiff(24, 16, 16, 4, directories=3),
        bombs.webp(24, 16),
        bombs.gif(24, 16, comment=b'text'),
        bombs.bmp(24, 16),
    ]
