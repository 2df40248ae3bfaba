"""Contact sheets of a dataset: of each class the same few crops every night, on one PNG."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import cv2
import numpy as np

from ..storage.files import remove_tree
from ..storage.path import located
from ..transforms.parts import parquet, part_name, read_part, write_whole
from ..transforms.salted import salted
from ..transforms.splits import TRAIN
from ..transforms.tables import from_png, png
from .dataset_facts import DatasetFacts
from .sheet import grid

SALT = 'mien sheet 1'
CROPS, COLUMNS = 100, 10  # at most a sheet, a row
SMALLEST, LARGEST = 96, 192  # pixels of a crop's side as shown
BATCH = 256  # images in memory at once, beside those that are shown


@dataclass(frozen=True, order=True)
class Place:
    """An example that may be shown, in the order in which they are.

    Attributes:
        order: see `order`.
        shard, row: where it stands.
    """

    order: str
    shard: int
    row: int


def write_sheets(facts: DatasetFacts) -> list[str]:
    """Writes `sheets/<class>.png` for each class that has examples; gives their names in label order."""
    remove_tree(located(facts.folder, 'sheets'))
    places = chosen(facts)
    images = _images(facts, [place for some in places.values() for place in some])
    return [_write(facts.folder, name, [images[place] for place in some]) for name, some in places.items()]


def chosen(facts: DatasetFacts) -> dict[str, list[Place]]:
    """What is shown of each class that has examples: the first in order of its training split, of all splits where it has none."""
    places: dict[str, list[Place]] = {}
    for shard in range(facts.shards):
        for name, found in _part(facts, shard).items():
            places[name] = heapq.nsmallest(CROPS, [*places.get(name, ()), *found])
    return {name: places[name] for name in facts.config.classes if name in places}


def order(face_id: str) -> str:
    """The place of a face on its class's sheet: a salted SHA-256."""
    return salted(SALT, face_id).hex()


def shown(crop: np.ndarray) -> np.ndarray:
    """A crop as large as it is shown: small ones are enlarged by a whole number, so that their pixels stay theirs.

    Args:
        crop: (size, size, 1 or 3) uint8.
    """
    size = crop.shape[0]
    if size > LARGEST:
        return cv2.resize(crop, (LARGEST, LARGEST), interpolation=cv2.INTER_AREA).reshape(LARGEST, LARGEST, -1)
    times = -(-SMALLEST // size)
    return crop.repeat(times, axis=0).repeat(times, axis=1)


def _part(facts: DatasetFacts, shard: int) -> Mapping[str, list[Place]]:
    places = defaultdict(list)
    rows = read_part(facts.folder, 'examples', shard, facts.shards, ['face_id', 'label_name', 'split']).to_pylist()
    for number, row in enumerate(rows):
        name = row['label_name']
        if row['split'] == TRAIN or not facts.counts[TRAIN][name]:
            places[name].append(Place(order(row['face_id']), shard, number))
    return places


def _images(facts: DatasetFacts, places: Iterable[Place]) -> dict[Place, np.ndarray]:
    """The chosen crops as they are shown; only parts that hold some are read."""
    by_shard: dict[int, dict[int, Place]] = defaultdict(dict)
    for place in places:
        by_shard[place.shard][place.row] = place
    return {place: image for shard, wanted in by_shard.items() for place, image in _wanted(facts, shard, wanted)}


def _wanted(facts: DatasetFacts, shard: int, wanted: Mapping[int, Place]) -> Iterator[tuple[Place, np.ndarray]]:
    first = 0
    with parquet(located(facts.folder, part_name('examples', shard, facts.shards))) as file:
        for batch in file.iter_batches(BATCH, columns=['image']):
            for row in wanted.keys() & range(first, first + len(batch)):
                yield wanted[row], shown(from_png(batch['image'][row - first].as_py()))
            first += len(batch)


def _write(folder: str, name: str, crops: list[np.ndarray]) -> str:
    path = f'sheets/{name}.png'
    data = png(grid(crops, min(COLUMNS, len(crops))))
    write_whole(located(folder, path), lambda file: file.write(data))
    return path
