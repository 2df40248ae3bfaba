"""Makes a folder of everything that an archive may hold against us: bombs, damage, false names, and entries that are no files.

Little disk is used: what is large is compressed or sparse.
"""

from __future__ import annotations

import functools
import io
import math
import os
import random
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from tests.bombs import bmp, chunk, gif, jpeg, png, segment, tiff, webp, zeros
from tests.hostile_entries import make_entries

MEGA = 1_000_000
READ = frozenset({'no_face'})
LARGE = frozenset({'too_large'})
OTHER = frozenset({'not_an_image'})
CUT = frozenset({'truncated'})
ANY = frozenset({'no_face', 'corrupt', 'truncated', 'not_an_image', 'too_large'})
DEEP = frozenset({'no_face', 'crashed'})  # eight bytes a pixel: of many pixels, more memory than a photo may take

Bomb = tuple[Callable[[], bytes], frozenset[str]]
NOISE = np.random.default_rng(0).integers(0, 256, (12, 16, 3), dtype=np.uint8)
PHOTO = Image.fromarray(NOISE).resize((64, 48), Image.Resampling.BICUBIC)


def make(folder: Path, pixels: int = 128 * MEGA) -> dict[str, frozenset[str]]:
    """Fills a folder; gives the statuses that each input may have, by uri.

    Args:
        pixels: the limit of the run; the pixel bombs stay just under it.
    """
    expected: dict[str, frozenset[str]] = {}
    for made in (_bombs(math.isqrt(pixels)), _structures(), _disguises(), _damage()):
        for name, (content, statuses) in made.items():
            (folder / name).write_bytes(content())
            expected[name] = statuses
    return expected | _sparse(folder) | make_entries(folder, saved('JPEG'))


def saved(kind: str, image: Image.Image = PHOTO, **options: object) -> bytes:
    """An image as a file of a format."""
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def _bombs(side: int) -> dict[str, Bomb]:
    """Few bytes, many pixels: valid, and just under the limit; or over it by their header alone."""
    build, deep = functools.partial, DEEP if side > 4000 else READ
    palette = chunk(b'PLTE', bytes(6))
    return {
        'header-400-megapixels.png': (build(png, 20_000, 20_000, 8, 2, zlib.compress(b'0')), LARGE),
        'header-900-megapixels.jpg': (lambda: _resized(saved('JPEG'), 30_000, 30_000), LARGE),
        'header-4-exapixels.png': (build(png, 2**31 - 1, 2**31 - 1, 8, 2, b''), LARGE),
        'grey.png': (build(png, side, side, 8, 0), READ),
        'palette.png': (build(png, side, side, 1, 3, extra=palette), READ),
        'rgba.png': (build(png, side, side, 8, 6), READ),
        'rgba-16.png': (build(png, side, side, 16, 6), deep),
        'grey-alpha-16.png': (build(png, side, side, 16, 4), deep),
        'grey.jpg': (build(jpeg, side, side, 1, 0), READ),
        'cmyk-progressive.jpg': (build(jpeg, side, side, 4, 0), READ),
        'lossless.webp': (build(webp, min(side, 16_383), min(side, 16_383)), READ),
        'one-frame.gif': (build(gif, side, side), READ),
        'run-length.bmp': (build(bmp, side, side), READ),
        'one-strip.tif': (build(tiff, side, side, 8, side), READ),
        'one-strip-16.tif': (build(tiff, side, side, 16, side), deep),
        'shared-strips.tif': (build(tiff, side, side, 8, 16), READ),
        'scans.jpg': (build(jpeg, min(side, 4096), min(side, 4096), 1, 40_000), frozenset({'timeout'})),
        'ribbon.png': (build(png, 1, MEGA, 8, 0), READ),
    }


def _structures() -> dict[str, Bomb]:
    """Small pictures in files of too much else."""
    many = [Image.fromarray(NOISE ^ number) for number in range(1, 200)]
    unpacks = {b'zTXt': b'a\0\0', b'iTXt': b'a\0\1\0\0\0', b'iCCP': b'a\0\0'}  # each before a gigabyte of zeros
    texts = {f'{kind.decode()}.png': (functools.partial(_with_chunk, kind, before), READ) for kind, before in unpacks.items()}
    return texts | {
        'a-million-directories.tif': (lambda: tiff(64, 48, 8, 48, directories=MEGA), READ),
        'directories-in-a-circle.tif': (lambda: tiff(64, 48, 8, 48, directories=3, loop=True), READ),
        'five-thousand-frames.gif': (lambda: gif(64, 48, 5000), READ),
        'frames.webp': (lambda: saved('WEBP', many[0], save_all=True, append_images=many[1:], lossless=True), READ),
        'frames.png': (lambda: saved('PNG', many[0], save_all=True, append_images=many[1:]), READ),
        'a-million-comments.jpg': (lambda: b'\xff\xd8' + segment(0xFE, b'') * MEGA + saved('JPEG')[2:], READ),
    }


def _disguises() -> dict[str, Bomb]:
    """Two things at once, or something else than the name says."""
    script = b'*/=1;alert(1)//'
    svg = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    contents = {
        'jpeg-and-zip.jpg': (saved('JPEG') + b'PK\x03\x04' + bytes(60) + b'PK\x05\x06' + bytes(18), READ),
        'gif-and-script.gif': (gif(0x2A2F, 48, comment=script), READ),  # its width reads as /*
        'png-and-php.png': (png(64, 48, 8, 2, extra=chunk(b'tEXt', b'a\0<?php system($_GET[0]); ?>')), READ),
        'a-png.jpg': (saved('PNG'), READ),
        'a-jpeg.gif': (saved('JPEG'), READ),
        'a-webp.txt': (saved('WEBP'), READ),
        'a-text.jpg': (b'no photo\n', OTHER),
        'a-page.jpg': (b'<!doctype html><title>403</title>', OTHER),
        'a-heic.jpg': (b'\0\0\0\x18ftypheic\0\0\0\0mif1heic' + bytes(99), OTHER),
        'a-svg.jpg': (svg, OTHER),
        'a-zip.jpg': (b'PK\x03\x04' + bytes(60), OTHER),
        'a-signature.png': (b'\x89PNG\r\n\x1a\n', CUT),
        'empty.jpg': (b'', frozenset({'empty'})),
        'one-byte.jpg': (b'\xff', OTHER),
    }
    return {name: (functools.partial(bytes, content), statuses) for name, (content, statuses) in contents.items()}


def _damage() -> dict[str, Bomb]:
    """Cut in half, and with bytes changed at random places (the same ones every time)."""
    found: dict[str, Bomb] = {}
    for kind in ('JPEG', 'PNG', 'WEBP', 'BMP', 'GIF'):
        data = saved(kind)
        found[f'half.{kind.lower()}'] = (functools.partial(bytes, data[: len(data) // 2]), CUT)
        for seed in range(8):
            found[f'flipped-{seed}.{kind.lower()}'] = (functools.partial(_flipped, data, seed), ANY)
    found['half.tiff'] = (lambda: saved('TIFF')[:4000], frozenset({'truncated'}))
    return found


def _sparse(folder: Path) -> dict[str, frozenset[str]]:
    """Large files of holes."""
    for name, size in (('five-gigabytes.jpg', 5000 * MEGA), ('under-the-limit.jpg', 250 * MEGA)):
        with (folder / name).open('wb') as file:
            file.truncate(size)
    hundred = bytes(100 * MEGA)
    with (folder / 'plain-text.png').open('wb') as file:
        before, _, after = png(64, 48, 8, 2, extra=chunk(b'tEXt', b'')).partition(bytes(4) + b'tEXt' + zlib.crc32(b'tEXt').to_bytes(4))
        file.write(before + len(hundred).to_bytes(4) + b'tEXt')
        file.seek(len(hundred), os.SEEK_CUR)
        file.write(zlib.crc32(b'tEXt' + hundred).to_bytes(4) + after)
    return {'five-gigabytes.jpg': LARGE, 'under-the-limit.jpg': OTHER, 'plain-text.png': READ}


def _with_chunk(kind: bytes, before: bytes) -> bytes:
    return png(64, 48, 8, 2, extra=chunk(kind, before + zeros(1000 * MEGA)))


def _resized(data: bytes, width: int, height: int) -> bytes:
    """A JPEG whose frame says another size."""
    frame = data.index(b'\xff\xc0')
    return data[: frame + 5] + height.to_bytes(2) + width.to_bytes(2) + data[frame + 9 :]


def _flipped(data: bytes, seed: int) -> bytes:
    """Eight bytes changed, none of them in the first eight, which say the format."""
    flipped, chance = bytearray(data), random.Random(seed)
    for _ in range(8):
        flipped[chance.randrange(8, len(data))] = chance.randrange(256)
    return bytes(flipped)
