"""Which record files a dataset has: a file is a run of whole shards of one split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..configs.schema import SPLITS
from .parts import Marker


@dataclass(frozen=True)
class RecordFile:
    """One file of records.

    Attributes:
        dataset: name of the dataset.
        index, files: its place among the split's files.
        first, last: its shards, `last` not among them.
        examples: number of records.
    """

    dataset: str
    split: str
    index: int
    files: int
    first: int
    last: int
    examples: int

    @property
    def name(self) -> str:
        """As TFDS wants it: `faces-train.tfrecord-00000-of-00004`."""
        return f'{self.dataset}-{self.split}.tfrecord-{self.index:05d}-of-{self.files:05d}'


def record_files(dataset: str, markers: Mapping[int, Marker], record_bytes: int) -> list[RecordFile]:
    """The files of each split that has examples.

    Args:
        markers: all shards', by number.
        record_bytes: no file gets larger, unless one shard alone is.
    """
    ordered = [markers[shard] for shard in range(len(markers))]
    return [file for split in SPLITS for file in _split_files(dataset, split, ordered, record_bytes)]


def file_count(sizes: Sequence[int], limit: int) -> int:
    """The smallest power of two of equal runs that keep to a limit, at most one a shard.

    Args:
        sizes: bytes of each shard; a power of two of them.
    """
    files = 1
    while files < len(sizes) and max(_run_sums(sizes, files)) > limit:
        files *= 2
    return files


def _split_files(dataset: str, split: str, markers: Sequence[Marker], limit: int) -> list[RecordFile]:
    examples = [sum(marker.tallies[split].values()) for marker in markers]
    if not any(examples):
        return []
    files = file_count([marker.record_bytes.get(split, 0) for marker in markers], limit)
    run = len(markers) // files
    sums = _run_sums(examples, files)
    return [RecordFile(dataset, split, index, files, index * run, (index + 1) * run, sums[index]) for index in range(files)]


def _run_sums(values: Sequence[int], runs: int) -> list[int]:
    length = len(values) // runs
    return [sum(values[start : start + length]) for start in range(0, len(values), length)]
