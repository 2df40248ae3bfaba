"""Gathers the rows of each shard and closes it the moment its last photo arrives."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Any, Protocol

import apache_beam as beam
import pyarrow as pa
from apache_beam.pvalue import PCollection

from ..storage.path import AnyPath, located
from .parts import WORK, Marker, digest, marker_path, part_name, read_json, row_count, write_json, write_marker, write_table
from .records import DOUBTFUL, READ, Status
from .tables import Row

IMAGE_SUFFIXES = frozenset(('.jpg', '.jpeg', '.jpe', '.jfif', '.png', '.webp', '.bmp', '.dib', '.tif', '.tiff', '.gif', '.apng'))
REPORT_EVERY = 1.0  # seconds between two words on an unfinished shard


class Photo(Protocol):
    """What can be written: it knows its shard."""

    @property
    def shard(self) -> int: ...


class RowMaker(Protocol):
    """Turns a photo into rows by table; one of them is `images`, with one row."""

    def __call__(self, photo: Any) -> Mapping[str, list[Row]]: ...


def no_rows(shard: int) -> Mapping[str, list[Row]]:
    """A shard has no rows but its photos'."""
    return {}


@dataclass(frozen=True)
class Layout:
    """Where the parts of a snapshot in the making go, and what they hold beside the photos' rows.

    Attributes:
        folder: the folder that grows.
        shards: number of parts of each table.
        schemas: the tables by name.
        first_rows: the rows that a shard has before its first photo.
        second: doubtful photos are tried for the second time.
    """

    folder: str
    shards: int
    schemas: Mapping[str, pa.Schema]
    first_rows: Callable[[int], Mapping[str, list[Row]]] = no_rows
    second: bool = False

    def plan_path(self, shard: int) -> AnyPath:
        return located(self.folder, part_name('plan', shard, self.shards))


@dataclass
class OpenShard:
    """The rows of a shard that has not ended yet."""

    expected: int
    rows: dict[str, list[Row]]
    said: float = field(default_factory=time.monotonic)

    def add(self, rows: Mapping[str, list[Row]]) -> None:
        for table, new in rows.items():
            self.rows[table].extend(new)

    @property
    def full(self) -> bool:
        return len(self.rows['images']) == self.expected


def open_shard(layout: Layout, shard: int) -> OpenShard:
    """A shard without photos that knows from its plan how many it will have."""
    first = layout.first_rows(shard)
    rows = {table: list(first.get(table, [])) for table in layout.schemas}
    return OpenShard(row_count(layout.plan_path(shard)), rows)


def close_shard(layout: Layout, shard: int, rows: Mapping[str, list[Row]]) -> Marker:
    """Writes a shard's parts, sorted by uri, and then its marker; an earlier marker would not be true of them."""
    place = marker_path(layout.folder, shard)
    first_try = (read_json(place) or {}).get('doubtful', []) if layout.second else []
    place.unlink(missing_ok=True)
    files = write_parts(layout, shard, rows)
    marker = marker_of(layout, shard, rows['images'], {table: len(rows.get(table, ())) for table in layout.schemas}, files)
    marker = replace(marker, doubtful=sorted({*first_try, *marker.doubtful}))
    write_marker(layout.folder, marker)
    return marker


def write_parts(layout: Layout, shard: int, rows: Mapping[str, list[Row]]) -> dict[str, str]:
    """Writes a shard's part of each table, sorted by uri; gives SHA-256 by path below the folder.

    Photos come last: a second try is repeated for photos that are still doubtful, and these are told by their rows.
    """
    files = {}
    for table in sorted(layout.schemas, key='images'.__eq__):
        name = part_name(table, shard, layout.shards)
        ordered = sorted(rows.get(table, ()), key=lambda row: row['uri'])  # stable: faces keep their order
        files[name] = write_table(located(layout.folder, name), ordered, layout.schemas[table])
    return files


def marker_of(layout: Layout, shard: int, images: Sequence[Row], counts: dict[str, int], files: dict[str, str]) -> Marker:
    """What a shard of these photos, numbers of rows and files says of itself."""
    return Marker(
        shard=shard,
        plan=digest(layout.plan_path(shard)),
        rows=counts,
        statuses=dict(Counter(row['status'] for row in images)),
        claimed=sum(claims_image(row) for row in images),
        failed=sum(claims_image(row) and failed(row) for row in images),
        files=files,
        doubtful=sorted(row['uri'] for row in images if row['status'] in DOUBTFUL),
        second=layout.second,
    )


def claims_image(row: Row) -> bool:
    """Whether a photo's name or header says that it is an image."""
    return row['format'] is not None or PurePosixPath(row['uri']).suffix.lower() in IMAGE_SUFFIXES


def failed(row: Row) -> bool:
    """Whether a row of `images` is a failure: all but ok and no_face."""
    return Status(row['status']) not in READ


def progress_path(folder: str | AnyPath, shard: int) -> AnyPath:
    """Where an unfinished shard says how far it is."""
    return located(folder, WORK, 'progress', f'{shard:05d}.json')


class _Write(beam.DoFn):
    def __init__(self, layout: Layout, rows: RowMaker) -> None:
        self._layout, self._rows = layout, rows

    def start_bundle(self) -> None:
        self._open: dict[int, OpenShard] = {}

    def process(self, photo: Photo) -> list[Marker]:
        number = photo.shard
        shard = self._open.get(number) or self._open.setdefault(number, open_shard(self._layout, number))
        shard.add(self._rows(photo))
        if shard.full:
            return [close_shard(self._layout, number, self._open.pop(number).rows)]
        self._report(number, shard)
        return []

    def finish_bundle(self) -> None:
        if self._open:
            raise RuntimeError(f'shards {sorted(self._open)} ended before their last photo: the runner split a shard between bundles')

    def _report(self, number: int, shard: OpenShard) -> None:
        if time.monotonic() - shard.said < REPORT_EVERY:
            return
        shard.said = time.monotonic()
        images = shard.rows['images']
        counts = {'images': len(images), 'faces': sum(row['face_count'] for row in images), 'failures': sum(map(failed, images))}
        write_json(progress_path(self._layout.folder, number), counts)


@dataclass(eq=False)
class WriteShard(beam.PTransform):
    """Photos to parts of a snapshot, one marker for each finished shard."""

    layout: Layout
    rows: RowMaker

    def expand(self, photos: PCollection[Any]) -> PCollection[Marker]:
        return photos | 'Write' >> beam.ParDo(_Write(self.layout, self.rows)).with_output_types(Marker)
