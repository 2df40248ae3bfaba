"""What bytes are, told from their headers in pure Python: nothing is decoded, and no length that a file claims is believed.

These modules run in the child process that meets hostile files: they import the standard library only. Every reader takes time
and memory in proportion to the bytes that it was given, whatever they claim.
"""

from .bmp import is_bmp, read_bmp
from .gif import is_gif, read_gif
from .header import BrokenHeader, CutHeader, Header, upright_size
from .jpeg import is_jpeg, read_jpeg
from .png import is_png, read_png
from .signatures import looks_like
from .tiff import is_tiff, read_tiff
from .webp import is_webp, read_webp

__all__ = ['BrokenHeader', 'CutHeader', 'Header', 'looks_like', 'read_header', 'upright_size']

LONGEST_SIDE = 2**31 - 1  # what the tables hold; no decoder takes as much
READERS = (
    (is_jpeg, read_jpeg),
    (is_png, read_png),
    (is_webp, read_webp),
    (is_tiff, read_tiff),
    (is_gif, read_gif),
    (is_bmp, read_bmp),
)


def read_header(data: bytes) -> Header | None:
    """Format, stored size, orientation and wholeness of an image; None when no format that we read begins like this.

    Raises:
        CutHeader: it begins like an image and ends before its header does.
        BrokenHeader: it begins like an image and its header makes no sense. Nothing else is raised on any bytes.
    """
    for matches, read in READERS:
        if matches(data):
            return _sized(read(data))
    return None


def _sized(header: Header) -> Header:
    if not (1 <= header.width <= LONGEST_SIDE and 1 <= header.height <= LONGEST_SIDE):
        raise BrokenHeader(f'a {header.format} of {header.width}x{header.height} pixels')
    return header
