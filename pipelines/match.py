"""Tells each shard what is said of its photos: by labels files, or by the photos' folders.

What the labels call their photos, and what photos can be called, meet bucket by bucket, by a hash of the name: no more than a bucket of
either is in memory.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..storage.files import ahead
from ..storage.path import is_stored
from ..transforms.label_file import SAID, write_labels
from ..transforms.reasons import Reason
from ..transforms.records import Entry, image_id
from .called import AT_ONCE, CALLED, LEFT_OUT, LEVEL, LEVELS, NAMES, SHARD, bulk, join, known, names_of
from .collections import Collection
from .folder_labels import folder_labels
from .labels_table import check_file, read_collection
from .plan import Plan, shard_of
from .scratch import scratch
from .spool import BITS, BUCKETS, KEY, Spool, split


def check_labels(collections: Sequence[Collection]) -> None:
    """Raises UsageError where a labels file cannot be opened or does not have what its collection's config names."""
    for collection in collections:
        for path in collection.labels:
            check_file(path, collection.config)


def write_shard_labels(plan: Plan, collections: Sequence[Collection], everything: Iterable[Entry] | None) -> None:
    """Writes each shard's labels; those that match no input go where their photo would have gone.

    Args:
        everything: all inputs, where the plan leaves some out: labels of these are no mistake, and vanish.
    Raises:
        UsageError: a row of a labels file cannot be read.
    """
    with scratch(plan.folder, 'matching') as work:
        labels = _by_name(work / 'labels', _labels(collections))
        names = _by_name(work / 'names', names_of(plan, collections, everything or ()) if labels.rows else ())
        matched = Spool(work / 'matched')
        for some in bulk(match(said, known(called), plan.shards) for said, called in _meetings(labels, names)):
            matched.add(some.append_column(KEY, pa.array(_leading(some[SHARD].to_numpy(), plan.shards))))
        shards, stored = enumerate(_by_shard(matched, plan.shards)), is_stored(plan.folder)
        for _ in ahead(lambda one: _write(plan, collections, *one), shards, lambda one: stored):
            pass


def _write(plan: Plan, collections: Sequence[Collection], shard: int, said: pa.Table) -> None:
    write_labels(plan.folder, shard, plan.shards, pa.concat_tables([said, folder_labels(plan, shard, collections)]))


def match(said: pa.Table, names: pa.Table, shards: int) -> pa.Table:
    """Each label with the uri of its photo, or why it has none, and with its shard; those of inputs that were left out are left out.

    Args:
        said: labels; in place of their uri, what they call their photo.
        names: as `known` gives them.
    """
    at = _found(said[CALLED], names)
    uri = names['uri'].take(pa.array(at, mask=at == names.num_rows))
    why = pc.if_else(pa.array(at == names.num_rows), Reason.IMAGE_MISSING.value, Reason.AMBIGUOUS_NAME.value)
    calls = pc.replace_substring_regex(said[CALLED], '^[0-9]+/', '')
    numbers, lost = np.append(names[SHARD].to_numpy(), LEFT_OUT)[at], np.flatnonzero(pc.is_null(uri))
    numbers[lost] = [shard_of(image_id(one), shards) for one in calls.take(pa.array(lost)).to_pylist()]
    matched = said.drop_columns([CALLED, KEY]).append_column('uri', pc.coalesce(uri, calls))
    matched = matched.append_column('unmatched', pc.if_else(pc.is_null(uri), why, pa.scalar(None, pa.string())))
    return matched.append_column(SHARD, pa.array(numbers)).filter(pa.array(numbers != LEFT_OUT))


def _found(called: pa.ChunkedArray, names: pa.Table) -> np.ndarray:
    """The row of the best name that is said, as it stands or as plain text; the number of rows where there is none."""
    ways = (called, pc.replace_substring(called, '%', '%25'))
    exact, plain = (pc.index_in(way, names[CALLED].combine_chunks()).fill_null(names.num_rows).to_numpy() for way in ways)
    levels = np.append(names[LEVEL].to_numpy(), LEVELS)
    return np.where(levels[plain] < levels[exact], plain, exact)


def _labels(collections: Sequence[Collection]) -> Iterator[pa.Table]:
    """Every row of every labels file; in place of its uri, its collection's number and what it calls its photo."""
    for number, collection in enumerate(collections):
        for said in read_collection(collection):
            yield said.drop_columns('uri').append_column(CALLED, join(f'{number}/', said['uri']))


def _by_name(folder: Path, tables: Iterable[pa.Table]) -> Spool:
    """Tables by a hash of what is called; one that does not tell `%25` from `%`, as a label may say either."""
    spool = Spool(folder)
    for table in bulk(tables):
        names = pc.replace_substring_regex(table[CALLED], '%(25)+', '%').cast(pa.binary())
        hashes = np.fromiter(map(zlib.crc32, names.to_pylist()), np.uint64, table.num_rows)  # the same in every run, so is the order
        spool.add(table.append_column(KEY, pa.array(hashes << np.uint64(32))))
    return spool


def _meetings(labels: Spool, names: Spool) -> Iterator[tuple[pa.Table, pa.Table]]:
    """Labels, and the names that they may mean: as many buckets of both at a time as are few rows."""
    bits = min(BITS, (max(labels.rows.total(), names.rows.total()) // AT_ONCE).bit_length())
    said, called = labels.units(bits), names.units(bits)
    for start in range(0, BUCKETS, BUCKETS >> bits):
        buckets = range(start, start + (BUCKETS >> bits))
        some = next(called) if any(names.rows[bucket] for bucket in buckets) else NAMES.empty_table()
        if any(labels.rows[bucket] for bucket in buckets):
            yield next(said), some


def _by_shard(matched: Spool, shards: int) -> Iterator[pa.Table]:
    """The labels of one shard after the other, none left out."""
    done = 0
    for unit in matched.units(shards.bit_length() - 1):
        for shard, some in split(unit, unit[SHARD].to_numpy()):
            yield from [SAID.empty_table()] * (shard - done)
            yield some.select(SAID.names).cast(SAID)
            done = shard + 1
    yield from [SAID.empty_table()] * (shards - done)


def _leading(shard: np.ndarray, shards: int) -> np.ndarray:
    """Keys that begin with the number of a shard, uint64."""
    bits = shards.bit_length() - 1
    return shard.astype(np.uint64) << np.uint64(64 - bits) if bits else np.zeros(len(shard), np.uint64)
