"""Finds hashes that differ in a few bits, without comparing all with all.

The 64 bits are dealt out to `bits + 2` bands. Of two hashes that differ in `bits` bits at most, at least two bands are equal, so the pair
meets under the key of those two bands.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import combinations

import numpy as np

from .records import CrowdedBucket

NEIGHBOURS = 1000  # of those under one key, in the order of their hashes, that a hash is compared with
PARTITIONS = 512  # of the keys of two bands: what is grouped together, whatever the number of faces


@cache
def masks(bits: int) -> np.ndarray:
    """uint64 (keys,): the bits of each two of the bands.

    Bands are interleaved: a hash's neighbouring bits tend to be equal in many faces, and a band of them would tell few faces apart.
    """
    bands = [sum(1 << bit for bit in range(band, 64, bits + 2)) for band in range(bits + 2)]
    return np.array([one | other for one, other in combinations(bands, 2)], np.uint64)


def partitions(dhash: int, bits: int) -> list[bytes]:
    """Under what a hash is to be grouped: for each key its number and the partition that its value falls in."""
    return [b'%d/%d' % (number, _mixed(dhash & int(mask)) % PARTITIONS) for number, mask in enumerate(masks(bits))]


def key_number(partition: bytes) -> int:
    """The number of the key that a partition belongs to."""
    return int(partition.partition(b'/')[0])


def pairs(rows: np.ndarray, number: int, bits: int) -> Iterator[np.ndarray]:
    """The pairs within `bits` bits that have this key in common and none before it: so no pair comes under two keys.

    Under a key of more than NEIGHBOURS + 1 hashes each is compared with the NEIGHBOURS next to it only, see `crowded`: time is bounded by
    NEIGHBOURS a hash, memory by a few arrays as long as the rows.

    Args:
        rows: (n,) ROW.
        number: the key's.
    Yields:
        uint64 (m, 2): spots, the lower first.
    """
    rows, keys = _by_key(rows, number, bits)
    left = np.arange(len(rows))
    for step in range(1, NEIGHBOURS + 1):
        left = left[left + step < len(rows)]
        left = left[keys[left] == keys[left + step]]
        if not len(left):
            return
        near = left[_meet_first(rows['dhash'][left] ^ rows['dhash'][left + step], number, bits)]
        yield np.sort(np.stack([rows['spot'][near], rows['spot'][near + step]], axis=1), axis=1)


def crowded(rows: np.ndarray, number: int, bits: int) -> list[CrowdedBucket]:
    """The values of a key that too many of the (n,) ROW have for all of them to be compared."""
    if len(rows) <= NEIGHBOURS + 1:
        return []
    values, counts = np.unique(_by_key(rows, number, bits)[1], return_counts=True)
    many = counts > NEIGHBOURS + 1
    return [CrowdedBucket(f'{number}/{value:016x}', int(count)) for value, count in zip(values[many], counts[many], strict=True)]


def _by_key(rows: np.ndarray, number: int, bits: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows in the order of a key's value, hash and spot, and their values."""
    values = rows['dhash'] & masks(bits)[number]
    order = np.lexsort((rows['spot'], rows['dhash'], values))
    return rows[order], values[order]


def _meet_first(apart: np.ndarray, number: int, bits: int) -> np.ndarray:
    """Whether hashes that differ in these bits are near, and agree in no key before this one."""
    near: np.ndarray = np.bitwise_count(apart) <= bits
    for mask in masks(bits)[:number]:
        near &= (apart & mask) != 0
    return near


def _mixed(value: int) -> int:
    """A 64-bit number spread over the low bits (Fibonacci hashing: Knuth, The Art of Computer Programming 3, 6.4)."""
    return (value * 0x9E3779B97F4A7C15 & 0xFFFFFFFFFFFFFFFF) >> 40
