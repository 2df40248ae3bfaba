"""Where it is written what has been decided about all examples together: a small file a step, rulings by shard."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import apache_beam as beam
import pyarrow as pa
from apache_beam.pvalue import PCollection

from ..storage.files import remove_tree
from ..storage.path import AnyPath, located
from .balance import LastPlace
from .duplicates.count import GroupCount
from .duplicates.records import Crossing, HashedFace, Ruling
from .parts import WORK, parquet, part_name, read_json, write_json, write_table
from .settle import Settlement
from .splits import in_order
from .tables import Row

FOLDER = 'settled'
RULING = pa.schema(
    [
        pa.field('face_id', pa.string(), nullable=False),
        pa.field('pixels', pa.string(), nullable=False),
        pa.field('dhash', pa.uint64(), nullable=False),
        pa.field('split', pa.string(), nullable=False),
        pa.field('label', pa.string(), nullable=False),
        pa.field('subject', pa.string(), nullable=False),
        pa.field('place', pa.int32(), nullable=False),
        pa.field('group_id', pa.string(), nullable=False),
        pa.field('reason', pa.string(), nullable=False),
        pa.field('detail', pa.string(), nullable=False),
    ]
)


class Step(StrEnum):
    """What is decided one after the other; each looks at the faces that the ones before have left."""

    SUBJECTS = 'subjects'
    GROUPS = 'groups'
    PHOTOS = 'photos'
    BALANCE = 'balance'


def forget(folder: str | AnyPath) -> None:
    """Removes all that was decided."""
    remove_tree(located(folder, WORK, FOLDER))


def settlement(folder: str | AnyPath, shard: int, shards: int, settled: Iterable[Step]) -> Settlement:
    """What some steps have decided about a shard."""
    done = frozenset(settled)
    rulings = read_rulings(folder, shard, shards) if Step.GROUPS in done else []
    last = read_said(folder, Step.BALANCE) if Step.BALANCE in done else {}
    subjects, photos = (_read_crossing(folder, step) if step in done else {} for step in (Step.SUBJECTS, Step.PHOTOS))
    return Settlement(subjects, {ruling.face.face_id: ruling for ruling in rulings}, photos, last)


def write_crossing(folder: str | AnyPath, step: Step, some: Iterable[Crossing]) -> None:
    """Writes who or what is shown in more than one split, with all that are said of a key."""
    said: dict[str, set[str]] = {}
    for one in some:
        said.setdefault(one.key, set()).update(one.splits)
    write_said(folder, step, {key: list(in_order(splits)) for key, splits in said.items()})


def write_balance(folder: str | AnyPath, places: Iterable[LastPlace]) -> None:
    """Writes the last place that is in, by class."""
    write_said(folder, Step.BALANCE, {one.label: one.place for one in places})


def write_counts(folder: str | AnyPath, counts: Iterable[GroupCount]) -> None:
    """Writes how many groups there are, by kind and name."""
    said: dict[str, dict[str, int]] = {}
    for one in counts:
        said.setdefault(one.kind, {})[one.name] = one.number
    write_said(folder, Step.GROUPS, said)


def write_said(folder: str | AnyPath, step: Step, said: dict[str, Any]) -> None:
    """Writes what a step says in one place."""
    write_json(_path(folder, step), said)


def read_said(folder: str | AnyPath, step: Step) -> dict[str, Any]:
    """What `write_said` wrote; nothing, where the step had nothing to say."""
    return read_json(_path(folder, step)) or {}


def write_rulings(folder: str | AnyPath, shard: int, shards: int, rulings: Iterable[Ruling]) -> None:
    """Writes what becomes of those faces of a shard that have duplicates."""
    rows = [_row(ruling) for ruling in sorted(rulings, key=lambda ruling: ruling.face.face_id)]
    write_table(_rulings(folder, shard, shards), rows, RULING)


def read_rulings(folder: str | AnyPath, shard: int, shards: int) -> list[Ruling]:
    """What `write_rulings` wrote; nothing, where no face of the shard has duplicates."""
    path = _rulings(folder, shard, shards)
    if not path.is_file():
        return []
    with parquet(path) as file:
        return [_ruling(row, shard) for row in file.read().to_pylist()]


@dataclass(eq=False)
class InOnePlace(beam.PTransform):
    """Hands all elements together to a function that writes them; not called where there are none."""

    write: Callable[[list[Any]], None]

    def expand(self, elements: PCollection[Any]) -> PCollection[None]:
        return (
            elements
            | 'Key' >> beam.Map(lambda element: (None, element)).with_output_types(tuple[None, Any])
            | 'Gather' >> beam.GroupByKey()
            | 'Write' >> beam.Map(lambda gathered: self.write(list(gathered[1])))
        )


@dataclass(eq=False)
class WriteRulings(beam.PTransform):
    """Writes rulings by shard."""

    folder: str
    shards: int

    def expand(self, rulings: PCollection[Ruling]) -> PCollection[None]:
        return (
            rulings
            | 'Key' >> beam.Map(lambda ruling: (ruling.face.shard, ruling)).with_output_types(tuple[int, Ruling])
            | 'Gather' >> beam.GroupByKey()
            | 'Write' >> beam.MapTuple(lambda shard, some: write_rulings(self.folder, shard, self.shards, some))
        )


def _read_crossing(folder: str | AnyPath, step: Step) -> dict[str, tuple[str, ...]]:
    return {key: tuple(splits) for key, splits in read_said(folder, step).items()}


def _row(ruling: Ruling) -> Row:
    face = {key: value for key, value in vars(ruling.face).items() if key != 'shard'}
    return face | {'group_id': ruling.group_id, 'reason': ruling.reason, 'detail': ruling.detail}


def _ruling(row: Row, shard: int) -> Ruling:
    own = {name: row.pop(name) for name in ('group_id', 'reason', 'detail')}
    return Ruling(HashedFace(shard=shard, **row), **own)


def _path(folder: str | AnyPath, step: Step) -> AnyPath:
    return located(folder, WORK, FOLDER, f'{step}.json')


def _rulings(folder: str | AnyPath, shard: int, shards: int) -> AnyPath:
    return located(folder, WORK, FOLDER, part_name('rulings', shard, shards))
