"""Bytes to an upright picture. Runs in the child process that meets hostile files: cv2 and numpy only.

What OpenCV 4.14 does, each held by a test:

- EXIF orientation of JPEG, PNG and WebP is left alone when asked; TIFF's own (tag 274) is applied always, with every flag.
- 16 bits become 8 by dropping the lower eight (colour TIFFs: divided by 257, rounded).
- CMYK is converted, with and without Adobe's marker. Palettes and 1 bit come as BGR.
- Of animated and multi-page files it gives the first frame. Rows that an animated PNG's frame lacks are whatever lay in memory: such a
  file is made a plain one of its first frame before (`first_frame`).
- A JPEG that was cut and closed with an end of image again gives grey for what is missing, and only libjpeg's line on stderr.
- A PNG chunk's length is believed: 214 bytes that claim 2 GB cost 2 GB and six seconds. What is cut is therefore never decoded.
- 32-bit integer and float TIFFs, and TIFFs packed with ZSTD or LZMA, are refused.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import cv2
import numpy as np

from .formats.apng import first_frame
from .formats.header import Header, upright_size

__all__ = ['Undecodable', 'decode', 'silence']

UPRIGHT: dict[int, Callable[[np.ndarray], np.ndarray]] = {
    1: lambda image: image,
    2: lambda image: cv2.flip(image, 1),
    3: lambda image: cv2.rotate(image, cv2.ROTATE_180),
    4: lambda image: cv2.flip(image, 0),
    5: cv2.transpose,
    6: lambda image: cv2.rotate(image, cv2.ROTATE_90_CLOCKWISE),
    7: lambda image: cv2.rotate(cv2.transpose(image), cv2.ROTATE_180),
    8: lambda image: cv2.rotate(image, cv2.ROTATE_90_COUNTERCLOCKWISE),
}
COLOUR = {1: cv2.IMREAD_COLOR, 2: cv2.IMREAD_REDUCED_COLOR_2, 4: cv2.IMREAD_REDUCED_COLOR_4, 8: cv2.IMREAD_REDUCED_COLOR_8}
OPAQUE = 255
STRIP = 256  # rows


class Undecodable(ValueError):
    """The header is an image's; OpenCV makes no picture of the bytes, or one of another size."""


def decode(data: bytes, header: Header, shrink: int = 1) -> np.ndarray:
    """The first frame, upright.

    Transparent pixels are laid on white, as a viewer shows them: the colour under them is whatever the encoder left there, and a
    face that nobody sees should not be found. OpenCV gives no alpha of grey TIFFs, of grey PNGs with one transparent colour, of
    animated WebPs (which it draws on their background) and of BMPs; those are taken as opaque.

    Args:
        data: the whole file.
        header: what `read_header` said of it; the caller has held it against the limit of pixels.
        shrink: of a JPEG, 1, 2, 4 or 8: libjpeg decodes to that part of width and height, rounded up.

    Returns:
        (height, width, 3) uint8, BGR, C-contiguous; the size is `upright_size(header)` over `shrink`.

    Raises:
        Undecodable: see there; also when the header is of pixels that are cut off, which OpenCV would draw in part or trip over.
        MemoryError: OpenCV could not allocate the picture. Where a codec runs out of memory inside, OpenCV says only that it
            failed: `Undecodable`.
    """
    if not header.complete:
        raise Undecodable(f'the {header.format} ends before its pixels do')
    stored = _stored(data, header, shrink)
    image = stored if header.format == 'tiff' else UPRIGHT[header.orientation](stored)
    height, width = image.shape[:2]
    expected = tuple(math.ceil(side / shrink) for side in upright_size(header))
    if (width, height) != expected:
        raise Undecodable(f'decoded to {width}x{height} pixels, the header says {expected[0]}x{expected[1]}')
    return np.ascontiguousarray(image)


def silence() -> None:
    """Turns off OpenCV's log lines on stderr, for the whole process. libpng and libjpeg write to file descriptor 2 themselves:
    only the process that owns it can point it elsewhere."""
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)


def _stored(data: bytes, header: Header, shrink: int) -> np.ndarray:
    data = first_frame(data) if header.format == 'png' else data
    if header.alpha:
        image = _imdecode(data, cv2.IMREAD_UNCHANGED)
        if image.ndim == 3 and image.shape[2] == 4:
            # libtiff multiplies the colours of 8-bit pictures by their alpha, on its way to OpenCV.
            return _opaque(image, header.format == 'tiff' and image.dtype == np.uint8)
    return _imdecode(data, COLOUR[shrink] | cv2.IMREAD_IGNORE_ORIENTATION)


def _imdecode(data: bytes, flags: int) -> np.ndarray:
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error as error:
        if error.code == cv2.Error.StsNoMem:
            raise MemoryError(error.err) from error
        raise Undecodable(error.err) from error
    if image is None:
        raise Undecodable('OpenCV cannot decode it')
    return image


def _opaque(bgra: np.ndarray, premultiplied: bool) -> np.ndarray:
    """(h, w, 4) uint8 or uint16 to (h, w, 3) uint8 on white, in strips: an image of the largest size is never held twice more."""
    opaque = np.empty((*bgra.shape[:2], 3), np.uint8)
    for top in range(0, len(bgra), STRIP):
        opaque[top : top + STRIP] = _on_white(_eight_bits(bgra[top : top + STRIP]), premultiplied)
    return opaque


def _eight_bits(image: np.ndarray) -> np.ndarray:
    """The upper byte of 16 bits, as IMREAD_COLOR takes it; without a 16-bit copy in between."""
    if image.dtype != np.uint16:
        return image
    upper = image.astype('<u2', copy=False).view(np.uint8)[..., 1::2]
    return np.ascontiguousarray(upper)


def _on_white(bgra: np.ndarray, premultiplied: bool) -> np.ndarray:
    """(h, w, 4) uint8 to (h, w, 3): colour * alpha + 255 * (1 - alpha), rounded."""
    image, alpha = cv2.cvtColor(bgra, cv2.COLOR_BGRA2BGR), cv2.extractChannel(bgra, 3)
    if alpha.min() == OPAQUE:
        return image
    alpha = cv2.cvtColor(alpha, cv2.COLOR_GRAY2BGR)
    if not premultiplied:
        cv2.multiply(image, alpha, dst=image, scale=1 / 255)
    return cv2.add(image, cv2.bitwise_not(alpha, dst=alpha), dst=image)
