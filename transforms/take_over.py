"""Tells what is to be done in a shard; one in which nothing is, as an earlier run did it or there are no inputs, is finished at once."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import apache_beam as beam
from apache_beam.pvalue import PCollection

from ..storage.files import copy
from ..storage.path import AnyPath, StorePath, located
from .carry import Carry, ShardTodo, Todo
from .parts import SNAPSHOT, digest, marker_path, part_name, read_json, read_part, row_count, write_marker
from .plan_file import read_plan
from .write import Layout, close_shard, marker_of, open_shard


def link_shard(layout: Layout, shard: int, folder: str, digests: Mapping[str, str]) -> None:
    """Finishes a shard by the parts of an earlier run.

    Args:
        digests: SHA-256 by path below the earlier run's folder.
    """
    names = {table: part_name(table, shard, layout.shards) for table in layout.schemas}
    for name in names.values():
        link(located(folder, name), located(layout.folder, name))
    counts = {table: row_count(located(folder, name)) for table, name in names.items()}
    images = read_part(folder, 'images', shard, layout.shards, ['uri', 'format', 'status']).to_pylist()
    write_marker(layout.folder, marker_of(layout, shard, images, counts, {name: digests[name] for name in names.values()}))


def link(source: AnyPath, target: AnyPath) -> None:
    """Gives a file a second place, by a hard link where the file system can, else by a copy; whole or not at all."""
    if isinstance(source, StorePath) or isinstance(target, StorePath):
        copy(source, target)
    else:
        _link(source, target)


def _link(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f'.{target.name}.{uuid.uuid4().hex}')
    try:
        try:
            os.link(source, beside)
        except OSError:
            shutil.copyfile(source, beside)
        os.replace(beside, target)
    finally:
        beside.unlink(missing_ok=True)


class _TakeOver(beam.DoFn):
    def __init__(self, layout: Layout, carry: Carry | None) -> None:
        self._layout, self._carry = layout, carry

    def setup(self) -> None:
        if self._carry is not None and self._carry.parts_stay:
            self._digests = read_json(located(self._carry.folder, SNAPSHOT))['files']

    def process(self, shard: int) -> Iterator[ShardTodo]:
        if is_done(self._layout, shard):  # an engine that starts over starts with all shards
            return
        if self._carry is not None and self._carry.stays_whole(self._layout.folder, shard):
            link_shard(self._layout, shard, self._carry.folder, self._digests)
            return
        entries = read_plan(self._layout.folder, shard, self._layout.shards)
        todo = [Todo(entry) for entry in entries] if self._carry is None else self._carry.todo(entries, shard, self._layout.shards)
        if todo:
            yield ShardTodo(shard, todo)
        else:
            self._finish(shard, len(entries))

    def _finish(self, shard: int, inputs: int) -> None:
        if self._carry is not None and self._carry.parts_stay and self._carry.length(shard) == inputs:
            link_shard(self._layout, shard, self._carry.folder, self._digests)
        else:
            close_shard(self._layout, shard, open_shard(self._layout, shard).rows)


def is_done(layout: Layout, shard: int) -> bool:
    """Whether a shard is done as planned, by an earlier attempt of this very job."""
    said = read_json(marker_path(layout.folder, shard))
    return said is not None and bool(said['second'] >= layout.second and said['plan'] == digest(layout.plan_path(shard)))


@dataclass(eq=False)
class TakeOver(beam.PTransform):
    """Shard numbers to what is to be done in each shard in which there is something."""

    layout: Layout
    carry: Carry | None = None

    def expand(self, numbers: PCollection[int]) -> PCollection[ShardTodo]:
        return numbers | 'Sort' >> beam.ParDo(_TakeOver(self.layout, self.carry)).with_output_types(ShardTodo)
