"""What bytes look like that are no image we read: a name for a person, good enough for a row's detail.

Source: the formats' own specifications, as collected by file(1).
"""

from __future__ import annotations

import codecs

STARTS = (
    (b'\xff\x0a', 'JPEG XL'),
    (b'\0\0\0\x0cJXL \r\n\x87\n', 'JPEG XL'),
    (b'\0\0\0\x0cjP  \r\n\x87\n', 'JPEG 2000'),
    (b'\xff\x4f\xff\x51', 'JPEG 2000'),
    (b'%PDF-', 'PDF'),
    (b'%!PS', 'PostScript'),
    (b'8BPS', 'PSD'),
    (b'\0\0\x01\0', 'ICO'),
    (b'\0\0\x02\0', 'ICO'),
    (b'v/1\x01', 'OpenEXR'),
    (b'FUJIFILMCCD-RAW', 'camera raw'),
    (b'IIRO', 'camera raw'),
    (b'IIRS', 'camera raw'),
    (b'MMOR', 'camera raw'),
    (b'IIU\0', 'camera raw'),
    (b'FOVb', 'camera raw'),
    (b'\0MRM', 'camera raw'),
    # A TIFF that `read_header` does not take for an image is a camera's.
    (b'II*\0', 'camera raw'),
    (b'MM\0*', 'camera raw'),
    (b'PK\x03\x04', 'zip archive'),
    (b'PK\x05\x06', 'zip archive'),
    (b'\x1f\x8b', 'gzip archive'),
    (b'\xfd7zXZ\0', 'xz archive'),
    (b'\x28\xb5\x2f\xfd', 'zstd archive'),
    (b'7z\xbc\xaf\x27\x1c', '7z archive'),
    (b'Rar!\x1a\x07', 'rar archive'),
    (b'PAR1', 'Parquet'),
    (b'ARROW1', 'Arrow'),
    (b'\x93NUMPY', 'NumPy array'),
    (b'\x89HDF\r\n\x1a\n', 'HDF5'),
    (b'SQLite format 3\0', 'SQLite database'),
    (b'\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1', 'OLE2 document'),
    (b'\0\x05\x16\x07', 'AppleDouble'),
    (b'\0\0\0\x01Bud1', 'DS_Store'),
    (b'\x1a\x45\xdf\xa3', 'Matroska video'),
    (b'\0\0\x01\xba', 'MPEG video'),
    (b'\x7fELF', 'program'),
    (b'MZ\x90\0', 'program'),
    (b'ID3', 'MP3'),
    (b'OggS', 'Ogg'),
)
WITHIN = (
    (257, b'ustar', 'tar archive'),
    (4, b'1AY&SY', 'bzip2 archive'),
    (128, b'DICM', 'DICOM'),
    (8, b'AVI ', 'AVI video'),
    (8, b'WAVE', 'WAVE audio'),
)
BRANDS = (
    (b'avif', 'AVIF'),
    (b'avis', 'AVIF'),
    (b'hei', 'HEIC'),
    (b'hev', 'HEIC'),
    (b'mif1', 'HEIC'),
    (b'msf1', 'HEIC'),
    (b'crx ', 'camera raw'),
    (b'qt  ', 'MOV'),
)
CONTROLS = bytes(set(range(32)) - set(b'\t\n\f\r\x1b')) + b'\x7f'
ASCII = bytes(range(128))
HEAD = 4096


def looks_like(data: bytes) -> str:
    """A short name such as 'HEIC', 'PDF', 'zip archive', 'JSON', 'text', 'zero bytes' or 'binary data'; 'nothing' for no bytes.

    Weak signatures (two letters of a program) may name a text wrongly: nothing is decided by them.
    """
    if not data:
        return 'nothing'
    return _by_signature(data) or _by_text(data[:HEAD]) or ('zero bytes' if data.count(0) == len(data) else 'binary data')


def _by_signature(data: bytes) -> str | None:
    for start, name in STARTS:
        if data.startswith(start):
            return name
    for at, magic, name in WITHIN:
        if data.startswith(magic, at):
            return name
    return _by_brand(data[8:64]) if data.startswith(b'ftyp', 4) else None


def _by_brand(brands: bytes) -> str:
    """The major brand decides; HEIF's general ones (mif1) are told by the compatible ones that follow."""
    if brands.startswith((b'mif1', b'msf1')) and b'avif' in brands:
        return 'AVIF'
    return next((name for brand, name in BRANDS if brands.startswith(brand)), 'MP4')


def _by_text(head: bytes) -> str | None:
    if head.startswith((b'\xff\xfe', b'\xfe\xff')):
        return 'text'
    return _markup(head.removeprefix(b'\xef\xbb\xbf').lstrip().lower()) if _is_text(head) else None


def _is_text(head: bytes) -> bool:
    """UTF-8, or mostly ASCII as in the old eight-bit encodings; without control characters."""
    if head.translate(None, CONTROLS) != head:
        return False
    if len(head.translate(None, ASCII)) * 4 <= len(head):
        return True
    try:
        codecs.getincrementaldecoder('utf-8')().decode(head)
    except UnicodeDecodeError:
        return False
    return True


def _markup(text: bytes) -> str:
    if text.startswith((b'{', b'[')):
        return 'JSON'
    if text.startswith((b'<!doctype html', b'<html')):
        return 'HTML'
    if not text.startswith((b'<?xml', b'<svg', b'<!doctype svg')):
        return 'text'
    return 'SVG' if b'<svg' in text else 'HTML' if b'<html' in text else 'XML'
