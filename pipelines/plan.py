"""Cuts the inputs into shards by the hash of their uris and writes what each shard holds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..configs.errors import UsageError
from ..configs.schema import PhotoConfig
from ..transforms.parts import Marker, marker_path, part_name, read_marker
from ..transforms.plan_file import write_plan
from ..transforms.records import Entry
from .inputs import Source, list_inputs, narrow

PER_SHARD = 1000  # inputs at most, unless the number of shards is given


@dataclass(frozen=True)
class Plan:
    """What there is to do.

    Attributes:
        shards: number of shards, a power of two.
        inputs: number of inputs.
        digests: SHA-256 of each shard's plan.
        empty: shards that hold nothing.
    """

    folder: str
    shards: int
    inputs: int
    digests: tuple[str, ...]
    empty: tuple[int, ...]

    def markers(self) -> dict[int, Marker]:
        """The markers of shards that are done as planned."""
        done = (marker_path(self.folder, shard) for shard in range(self.shards))
        markers = (read_marker(path) for path in done if path.is_file())
        return {marker.shard: marker for marker in markers if self._holds(marker)}

    def _holds(self, marker: Marker) -> bool:
        named = all(f'-of-{self.shards:05d}.' in name and Path(self.folder, name).is_file() for name in marker.files)
        return named and marker.plan == self.digests[marker.shard]


def cut(named: list[Source], config: PhotoConfig, leave_out: list[str]) -> list[list[Entry]]:
    """Lists the inputs and cuts them into shards; nothing is written.

    Args:
        leave_out: folders that are never inputs.
    Raises:
        UsageError: no input, a number of shards that is no power of two, two uris of one image_id.
    """
    entries = narrow(list_inputs(named, leave_out), config.include, config.exclude, config.limit)
    check_ids(entries)
    shards = config.shards or shard_count(len(entries))
    if shards & (shards - 1):
        raise UsageError(f'--shards {shards}: not a power of two; say {shard_count(shards, 1)}')
    held: list[list[Entry]] = [[] for _ in range(shards)]
    for entry in entries:
        held[shard_of(entry.image_id, shards)].append(entry)
    return held


def write_plans(held: list[list[Entry]], folder: str) -> Plan:
    """Writes one small file a shard; those of an earlier number of shards go."""
    shards = len(held)
    for stale in set(Path(folder, 'plan').glob('*')) - {Path(folder, part_name('plan', shard, shards)) for shard in range(shards)}:
        stale.unlink()
    digests = tuple(write_plan(folder, shard, shards, some) for shard, some in enumerate(held))
    return Plan(folder, shards, sum(map(len, held)), digests, tuple(shard for shard, some in enumerate(held) if not some))


def shard_count(inputs: int, per_shard: int = PER_SHARD) -> int:
    """The smallest power of two that is at least inputs / per_shard."""
    return 1 << max(0, -(-inputs // per_shard) - 1).bit_length()


def shard_of(image_id: str, shards: int) -> int:
    """An image's shard: the leading bits of its id, so that the shards of a smaller power of two are unions of them."""
    return int(image_id, 16) >> (64 - (shards.bit_length() - 1))


def check_ids(entries: list[Entry]) -> None:
    """Raises UsageError where two uris share an image_id."""
    seen: dict[str, str] = {}
    for entry in entries:
        other = seen.setdefault(entry.image_id, entry.uri)
        if other != entry.uri:
            raise UsageError(f'uris {other!r} and {entry.uri!r} have one image_id, {entry.image_id}: rename one of them')
