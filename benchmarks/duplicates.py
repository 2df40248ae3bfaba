"""Duplicates in folders of faces: of identical pixels, by bits of the difference hash before and after thumbnails confirm, and at scale.

    python -m benchmarks.duplicates FOLDER... [--labels CSV] [--difference X] [--counts 100000,1000000]

At scale, made-up faces, one in ten of them a darker copy, go through `FindGroups` on the local runner, start-up and all, in a
process of its own.
"""

from __future__ import annotations

import argparse
import itertools
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import pandas

from mien.configs.load import load
from mien.configs.schema import BuildConfig
from mien.transforms.duplicates.compare import difference, evened
from mien.transforms.duplicates.groups import groups_of, statistics
from mien.transforms.duplicates.hashes import crop_dhash, pixels_digest, thumbnail
from mien.transforms.duplicates.links import Link, components, different, identical
from mien.transforms.duplicates.near import masks, pairs
from mien.transforms.duplicates.records import HashedFace
from mien.transforms.duplicates.rows import pack, spot, unpack

from .compare import photos
from .made_up_faces import find_in_process

CONFIG = load(BuildConfig, 'build')
MOST_BITS = 4
EDGES = (0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6, 2)  # of the differences' histogram
AT_ONCE = 4096  # pairs of thumbnails


@dataclass(frozen=True)
class Faces:
    """Faces and their evened thumbnails (n, SIDE, SIDE), by place."""

    hashed: list[HashedFace]
    evened: np.ndarray


def main() -> None:
    said = _arguments()
    # first: a process counts what the one that started it took up
    for count in map(int, said.counts.split(',')):
        seconds, peak, groups = find_in_process(count, replace(CONFIG, duplicate_difference=said.difference))
        print(f'{count:12,} made-up faces: {groups:,} groups, {seconds:.0f} s, {peak:,.0f} MB at most', flush=True)
    started = time.perf_counter()
    faces = read_faces([path for folder in said.folders for path in photos(folder)], said)
    print(f'{len(faces.hashed):,} faces hashed in {time.perf_counter() - started:.1f} s')
    rows = unpack(map(pack, faces.hashed))
    same = identical(rows)
    print('identical pixels', _found(faces, same)['identical'])
    for bits in range(MOST_BITS + 1):
        _similar(faces, same, different(rows), bits, said.difference)


def read_faces(paths: Sequence[Path], said: argparse.Namespace) -> Faces:
    """The faces of images that are crops already; a label is found by base name."""
    labels = pandas.read_csv(said.labels, index_col=0) if said.labels else pandas.DataFrame()
    label, split = (labels.get(column, pandas.Series(dtype=str)).to_dict() for column in (said.label, said.split))
    hashed, thumbnails = [], []
    for place, path in enumerate(paths):
        crop = np.atleast_3d(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE))
        known = (split.get(path.name, ''), label.get(path.name, ''), '')
        hashed.append(HashedFace(str(path), 0, place, pixels_digest(crop), crop_dhash(crop), *known))
        thumbnails.append(thumbnail(crop))
    return Faces(hashed, evened(np.stack(thumbnails)))


def _similar(faces: Faces, same: list[Link], rows: np.ndarray, bits: int, most: float) -> None:
    started = time.perf_counter()
    each = (some for number in range(len(masks(bits))) for some in pairs(rows, number, bits))
    found = np.concatenate([np.zeros((0, 2), np.uint64), *each])
    apart = np.concatenate([np.zeros(0), *_differences(faces, found)])
    confirmed = found[apart <= most]
    seconds = time.perf_counter() - started
    before, after = _largest(found), _largest(confirmed)
    print(f'{bits} bits: {len(found):,} pairs, {len(confirmed):,} confirmed; largest component {before} and {after}; {seconds:.1f} s')
    shares = (f'{edge:g}: {count}' for edge, count in zip(EDGES[1:], np.histogram(apart, EDGES)[0], strict=True))
    print('  pairs by difference up to', ', '.join(shares))
    print('  similar', _found(faces, [*same, *_links(confirmed)])['similar'])


def _differences(faces: Faces, found: np.ndarray) -> Iterator[np.ndarray]:
    for start in range(0, len(found), AT_ONCE):
        one, other = found[start : start + AT_ONCE].astype(np.int64).T
        yield difference(faces.evened[one], faces.evened[other])


def _links(found: np.ndarray) -> list[Link]:
    return list(itertools.starmap(Link, found.tolist()))


def _largest(found: np.ndarray) -> int:
    sizes = np.unique(list(components(_links(found)).values()), return_counts=True)[1]
    return int(sizes.max(initial=1))


def _found(faces: Faces, links: list[Link]) -> dict[str, object]:
    lowest = components(links)
    linked = sorted((face for face in faces.hashed if spot(face) in lowest), key=lambda face: lowest[spot(face)])
    together = itertools.groupby(linked, key=lambda face: lowest[spot(face)])
    return statistics(group for _, some in together for group in groups_of(some, len(linked)))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('folders', nargs='+', help='folders of cropped faces')
    parser.add_argument('--labels', help='CSV whose first column is the base name')
    parser.add_argument('--label', default='fer2013_label', help='its column of labels')
    parser.add_argument('--split', default='usage', help='its column of splits')
    parser.add_argument('--difference', type=float, default=CONFIG.duplicate_difference, help="default: the config's")
    parser.add_argument('--counts', default='100000,1000000', help='numbers of made-up faces')
    return parser.parse_args()


if __name__ == '__main__':
    main()
