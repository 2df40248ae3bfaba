"""Made-up faces by the million, some of them copies of others, and what `FindGroups` on the local runner costs over them."""

from __future__ import annotations

import multiprocessing
import resource
import tempfile
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path

import cv2
import numpy as np

from mien.configs.schema import BuildConfig
from mien.transforms.duplicates.hashes import crop_dhash, pixels_digest, thumbnail
from mien.transforms.duplicates.records import HashedFace
from mien.transforms.duplicates.thumbnails import write_thumbnails

SHARD = 1000  # faces
SIZE = 32  # pixels: a made-up crop's side
COPIES = 10  # one face in so many is a copy
BLUR = 4.0  # pixels: neighbouring bits of the hashes hang together as in faces


def find_in_process(count: int, config: BuildConfig) -> tuple[float, float, int]:
    """Seconds, the peak memory in MB and the number of groups, of `count` faces in a process of its own."""
    here, there = multiprocessing.get_context('spawn').Pipe()
    process = multiprocessing.get_context('spawn').Process(target=_find, args=(count, config, there))
    process.start()
    found: tuple[float, float, int] = here.recv()
    process.join()
    return found


def shard_faces(shard: int, folder: str) -> Iterator[HashedFace]:
    """The faces of a shard, whose thumbnails are written first."""
    crops = [_crop(shard * SHARD + place) for place in range(SHARD)]
    write_thumbnails(folder, shard, map(thumbnail, crops))
    for place, crop in enumerate(crops):
        yield HashedFace(f'{shard:016x}-{place}', shard, place, pixels_digest(crop), crop_dhash(crop), 'train', 'neutral', '')


def _crop(number: int) -> np.ndarray:
    """A face of its own, or a copy, in another brightness, of one in the first half that is none."""
    copied = number % COPIES == COPIES // 2
    noise = np.random.default_rng(number // 2 if copied else number).standard_normal((SIZE, SIZE))
    smooth = cv2.normalize(cv2.GaussianBlur(noise, (0, 0), BLUR), None, 20, 230, cv2.NORM_MINMAX)
    return (smooth * (0.9 if copied else 1.0)).astype(np.uint8)[..., None]


def _find(count: int, config: BuildConfig, answer: Connection) -> None:
    import apache_beam as beam

    from mien.transforms.duplicates.find import FindGroups

    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        said = Path(folder, 'groups')
        with beam.Pipeline(runner='FnApiRunner') as pipeline:
            faces = pipeline | beam.Create(range(count // SHARD)) | 'Faces' >> beam.FlatMap(shard_faces, folder)
            find = FindGroups(folder, config.duplicate_bits, config.duplicate_difference, config.largest_group)
            number = (faces | 'FindGroups' >> find).groups | beam.combiners.Count.Globally()
            _ = number | beam.Map(lambda groups: said.write_text(str(groups)))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        answer.send((time.perf_counter() - started, peak, int(said.read_text())))
