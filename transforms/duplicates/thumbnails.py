"""A shard's thumbnails: one flat file of rows of one width, so that any of them is one small read."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ...storage.either import read_range
from ...storage.path import AnyPath, located
from ..parts import WORK, write_whole
from .hashes import SIDE

WIDTH = SIDE * SIDE  # bytes a row


def thumbnails_path(folder: str | AnyPath, shard: int) -> AnyPath:
    """Where a shard's thumbnails stand."""
    return located(folder, WORK, 'thumbnails', f'{shard:05d}.bin')


def write_thumbnails(folder: str | AnyPath, shard: int, thumbnails: Iterable[np.ndarray]) -> str:
    """Writes a shard's (SIDE, SIDE) uint8 thumbnails, in the order of their places, whole or not at all; gives the file's SHA-256."""
    return write_whole(thumbnails_path(folder, shard), lambda file: file.writelines(map(_row, thumbnails)))


def read_thumbnail(folder: str | AnyPath, shard: int, place: int) -> np.ndarray:
    """The (SIDE, SIDE) uint8 thumbnail at a place.

    Raises:
        RuntimeError: the file ends before it.
    """
    path = thumbnails_path(folder, shard)
    row = read_range(path, place * WIDTH, WIDTH)
    if len(row) != WIDTH:
        raise RuntimeError(f'{path}: no thumbnail at place {place}; the file was changed after it was written')
    return np.frombuffer(row, np.uint8).reshape(SIDE, SIDE)


def _row(thumbnail: np.ndarray) -> bytes:
    if thumbnail.shape != (SIDE, SIDE) or thumbnail.dtype != np.uint8:
        raise ValueError(f'a thumbnail of {thumbnail.dtype} {thumbnail.shape}, uint8 {(SIDE, SIDE)} expected')
    return thumbnail.tobytes()
