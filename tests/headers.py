"""Pictures of noise in all formats, and pieces of files by hand."""

import io
import struct
import zlib

import numpy as np
from PIL import Image

NOISE = np.random.default_rng(0).integers(0, 256, (9, 13, 3), dtype=np.uint8)
PHOTO = Image.fromarray(NOISE)


def save(image: Image.Image, kind: str, **options) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def turned(kind: str, orientation: int) -> bytes:
    exif = Image.Exif()
    exif[274] = orientation
    return save(PHOTO, kind, **({'tiffinfo': {274: orientation}} if kind == 'TIFF' else {'exif': exif}))


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack('>I', len(content)) + kind + content + struct.pack('>I', zlib.crc32(kind + content))


def segment(marker: int, content: bytes) -> bytes:
    return struct.pack('>BBH', 255, marker, len(content) + 2) + content


def tiff(*entries: tuple[int, int, int, int], tail: bytes = b'', following: int = 0) -> bytes:
    """A little-endian TIFF of (tag, kind, count, value)s; `tail` begins at byte 14 + 12 * len(entries)."""
    rows = b''.join(struct.pack('<HHII', *entry) for entry in entries)
    return b'II*\0\x08\0\0\0' + struct.pack('<H', len(entries)) + rows + struct.pack('<I', following) + tail


FRAMES = [PHOTO, PHOTO.rotate(180), PHOTO.transpose(Image.Transpose.FLIP_TOP_BOTTOM)]
MANY = {'save_all': True, 'append_images': FRAMES[1:]}
SAMPLES = {
    'jpeg': save(PHOTO, 'JPEG'),
    'progressive jpeg': save(PHOTO, 'JPEG', progressive=True, quality=95),
    'turned jpeg': turned('JPEG', 6),
    'png': save(PHOTO, 'PNG'),
    'turned png': turned('PNG', 8),
    'palette png': save(PHOTO.convert('P'), 'PNG', transparency=0),
    'animated png': save(PHOTO, 'PNG', **MANY),
    'lossy webp': save(PHOTO, 'WEBP'),
    'lossless webp': save(PHOTO, 'WEBP', lossless=True),
    'turned webp': turned('WEBP', 3),
    'animated webp': save(PHOTO, 'WEBP', **MANY),
    'bmp': save(PHOTO, 'BMP'),
    'palette bmp': save(PHOTO.convert('P'), 'BMP'),
    'gif': save(PHOTO, 'GIF'),
    'animated gif': save(PHOTO, 'GIF', **MANY),
    'tiff': save(PHOTO, 'TIFF'),
    'lzw tiff': save(PHOTO, 'TIFF', compression='tiff_lzw'),
    'palette tiff': save(PHOTO.convert('P'), 'TIFF', compression='tiff_deflate'),
    'jpeg tiff': save(PHOTO, 'TIFF', compression='jpeg'),
    'bigtiff': save(PHOTO, 'TIFF', big_tiff=True),
}
