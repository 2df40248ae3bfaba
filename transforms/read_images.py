"""Reads the photos of a shard in the pipeline."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

import apache_beam as beam
from apache_beam.pvalue import PCollection

from .carry import ShardTodo, Todo
from .parts import read_json, unsettled_path, write_json
from .read import load_all
from .records import Known, LoadedImage


@dataclass(eq=False)
class ReadImages(beam.PTransform):
    """Shards to the photos that are to be done in each, one at a time."""

    folder: str
    max_bytes: int

    def expand(self, shards: PCollection[ShardTodo]) -> PCollection[LoadedImage]:
        return shards | 'Load' >> beam.FlatMap(self._images).with_output_types(LoadedImage)

    def _images(self, shard: ShardTodo) -> Iterator[LoadedImage]:
        unsettled: list[str] = []
        for number, loaded in enumerate(load_todo(shard.shard, shard.todo, self.max_bytes), 1):
            if not loaded.settled:
                unsettled.append(loaded.entry.uri)
            if unsettled and number == len(shard.todo):  # with the last photo the shard is closed
                note_unsettled(self.folder, shard.shard, unsettled)
            yield loaded


def note_unsettled(folder: str, shard: int, uris: list[str]) -> None:
    """Adds to what a shard says of inputs that changed while they were read; a second try is of some of them only."""
    path = unsettled_path(folder, shard)
    before = read_json(path) or {'uris': []}
    write_json(path, {'uris': sorted({*before['uris'], *uris})})


def load_todo(shard: int, todo: list[Todo], max_bytes: int) -> Iterator[LoadedImage]:
    """The inputs of a shard with what is known of them; bytes that nobody needs are not read."""
    yield from (LoadedImage(shard, some.entry, b'', known=some.known) for some in todo if not some.read)
    known = {some.entry.uri: some.known for some in todo if some.read}
    for loaded in load_all(shard, [some.entry for some in todo if some.read], max_bytes):
        yield _recognised(loaded, known[loaded.entry.uri])


def _recognised(loaded: LoadedImage, known: Known | None) -> LoadedImage:
    """A photo with what is known of these very bytes."""
    if known is None or loaded.failure is not None or hashlib.sha256(loaded.data).hexdigest() != known.facts.sha256:
        return loaded
    needed = known.rows is None and known.crops is None
    return replace(loaded, data=loaded.data if needed else b'', known=known)
