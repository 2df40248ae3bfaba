"""A smooth picture, how it is saved, and what we decode."""

import io

import cv2
import numpy as np
from PIL import Image

from mien.transforms.decode import decode
from mien.transforms.formats import read_header

SMOOTH = cv2.resize(np.random.default_rng(0).integers(0, 256, (4, 5, 3), dtype=np.uint8), (40, 24), interpolation=cv2.INTER_LINEAR)
PHOTO = Image.fromarray(SMOOTH)
MODES = {
    'PNG': ('1', 'L', 'P', 'RGB'),
    'WEBP': ('L', 'RGB'),
    'BMP': ('1', 'L', 'P', 'RGB', 'RGBA'),
    'TIFF': ('1', 'L', 'LA', 'P', 'RGB', 'CMYK'),
    'GIF': ('1', 'L', 'P'),
}
LOSSLESS = {'WEBP': {'lossless': True}}


def save(image: Image.Image, kind: str, **options) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **{**LOSSLESS.get(kind, {}), **options})
    return out.getvalue()


def rgb(data: bytes) -> np.ndarray:
    """What we make of it, as signed RGB."""
    return decode(data, read_header(data))[..., ::-1].astype(int)
