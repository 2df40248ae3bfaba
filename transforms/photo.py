"""A photo that is decoded no finer than somebody needs it: of a large JPEG, a half, quarter or eighth costs a third."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .decode import decode
from .formats.header import Header, upright_size

SHRINKS = (8, 4, 2, 1)  # what libjpeg makes of 8x8 blocks without decoding them in full


class Photo:
    """An upright image; each fineness of it is decoded once, when somebody asks for it.

    Attributes:
        size: width and height in pixels.
    """

    def __init__(self, size: tuple[int, int], decode: Callable[[int], np.ndarray], shrinks: tuple[int, ...] = (1,)) -> None:
        self.size = size
        self._decode, self._shrinks = decode, shrinks
        self._decoded: dict[int, np.ndarray] = {}

    @classmethod
    def of_file(cls, data: bytes, header: Header) -> Photo:
        """A file's photo; only a JPEG is decoded at less than its size."""
        shrinks = SHRINKS if header.format == 'jpeg' else (1,)
        return cls(upright_size(header), lambda shrink: decode(data, header, shrink), shrinks)

    @classmethod
    def of_image(cls, image: np.ndarray) -> Photo:
        """An image that is decoded already: (h, w, 3) uint8, BGR."""
        return cls((image.shape[1], image.shape[0]), lambda shrink: image)

    def at(self, shrink: int) -> np.ndarray:
        """The image at 1/shrink of its width and height, rounded up: (h, w, 3) uint8, BGR.

        Raises:
            Undecodable, MemoryError: see `decode`.
        """
        if shrink not in self._decoded:
            self._decoded[shrink] = self._decode(shrink)
        return self._decoded[shrink]

    def shrink_for(self, scale: float) -> int:
        """The largest shrink that still shows the image at `scale` of its size or finer."""
        return next(shrink for shrink in self._shrinks if shrink * scale <= 1 or shrink == 1)
