"""Tells each shard what is said of its photos: by labels files, or by the photos' folders.

What the labels call their photos, and what photos can be called, meet bucket by bucket, by a hash of the name: no more than a bucket of
either is in memory.
"""

from __future__ import annotations

import os
import re
import shutil
import zlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ..transforms.label_file import SAID, write_labels
from ..transforms.parts import WORK, part_name
from ..transforms.reasons import Reason
from ..transforms.records import Entry, image_id
from .collections import Collection
from .labels_table import check_file, read_collection
from .listing.uris import encode_uri
from .plan import Plan, shard_of
from .spool import BITS, BUCKETS, KEY, Spool, split

AT_ONCE = 1 << 17  # rows that are spooled at a time
LEVELS = 3  # of names, the best first: the uri, the path below the INPUT, the base name
LEFT_OUT = -1  # the shard of an input that is not in the plan
CALLED, LEVEL, SHARD = 'called', 'level', 'shard'
LISTED = pa.schema([('uri', pa.string()), ('container', pa.string()), (SHARD, pa.int32())])
NAMES = pa.schema([(CALLED, pa.string()), ('uri', pa.string()), (LEVEL, pa.int8()), (SHARD, pa.int32())])


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
    work = Path(plan.folder, WORK, 'matching')
    shutil.rmtree(work, ignore_errors=True)  # of a run that was killed
    try:
        labels = _by_name(work / 'labels', _labels(collections))
        names = _by_name(work / 'names', _names(plan, collections, everything or ()) if labels.rows else ())
        matched = Spool(work / 'matched')
        for some in _bulk(match(said, known(called), plan.shards) for said, called in _meetings(labels, names)):
            matched.add(some.append_column(KEY, pa.array(_leading(some[SHARD].to_numpy(), plan.shards))))
        for shard, said in enumerate(_by_shard(matched, plan.shards)):
            write_labels(plan.folder, shard, plan.shards, pa.concat_tables([said, _folder_labels(plan, shard, collections)]))
    finally:
        shutil.rmtree(work, ignore_errors=True)


def known(names: pa.Table) -> pa.Table:
    """One row for each name: of the inputs that it is the best name of, their uri; null where they are several.

    Args:
        names: as `NAMES`; a null uri stands for several. An input may come twice, planned and left out: it is planned.
    """
    called, uris = (names[column].combine_chunks().dictionary_encode().indices for column in (CALLED, 'uri'))
    groups, numbers = called.to_numpy() * LEVELS + names[LEVEL].to_numpy(), uris.fill_null(-1).to_numpy()
    order = np.lexsort((-names[SHARD].to_numpy(), numbers, groups))
    found, starts = np.unique(groups[order], return_index=True)
    best = np.unique(found // LEVELS, return_index=True)[1]
    first, last = order[starts[best]], order[np.append(starts[1:], len(order))[best] - 1]
    kept = names.take(pa.array(first)).combine_chunks()
    one = pc.if_else(pa.array(numbers[first] == numbers[last]), kept['uri'], pa.scalar(None, pa.string()))
    return kept.set_column(kept.column_names.index('uri'), 'uri', one)


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


def folder_of(uri: str, path: bytes) -> str:
    """What a photo's folder says: the last one of its uri, else of its path."""
    return os.path.basename(os.path.dirname(uri)) or encode_uri(os.path.basename(os.path.dirname(path)))


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
            yield said.drop_columns('uri').append_column(CALLED, _join(f'{number}/', said['uri']))


def _names(plan: Plan, collections: Sequence[Collection], everything: Iterable[Entry]) -> Iterator[pa.Table]:
    for inputs in _bulk(_inputs(plan, everything)):
        yield known(_called(inputs, collections))


def _inputs(plan: Plan, everything: Iterable[Entry]) -> Iterator[pa.Table]:
    """What is planned and all that there is, as `LISTED`."""
    for shard in range(plan.shards):
        part = _part(plan, shard, ['uri', 'container'])
        yield _listed(part['uri'], part['container'], shard)
    entries = iter(everything)
    while some := list(islice(entries, AT_ONCE)):
        containers = [None if entry.address is None else entry.address.container for entry in some]
        yield _listed(pa.array([entry.uri for entry in some]), pa.array(containers, pa.string()), LEFT_OUT)


def _listed(uris: pa.Array, containers: pa.Array, shard: int) -> pa.Table:
    return pa.table([uris, containers, pa.repeat(pa.scalar(shard, pa.int32()), len(uris))], schema=LISTED)


def _called(inputs: pa.Table, collections: Sequence[Collection]) -> pa.Table:
    """What inputs can be called by the labels files of their collection, as `NAMES`."""
    owners = _owners(inputs, collections)
    wanted = np.array([bool(collection.labels) for collection in collections])[owners]
    inputs = inputs.filter(pa.array(wanted)).combine_chunks()
    begin = pa.array([f'{number}/' for number in range(len(collections))]).take(pa.array(owners[wanted]))
    tables = []
    for level, cut in enumerate(('^$', _root(collections), '(?s)^.*/')):  # nothing, the INPUT, all folders
        name = pc.replace_substring_regex(inputs['uri'], cut, '')
        levels = pa.repeat(pa.scalar(level, pa.int8()), inputs.num_rows)
        table = pa.table([_join(begin, name), inputs['uri'], levels, inputs[SHARD]], schema=NAMES)
        tables.append(table.filter(pc.not_equal(name, '')))
    return pa.concat_tables(tables)


def _root(collections: Sequence[Collection]) -> str:
    """What stands in a uri before the path below its INPUT, or before the path in an archive that is one."""
    names = [one.name for collection in collections for one in collection.inputs]
    return '^[^/]*/' if len(names) > 1 else f'^{re.escape(encode_uri(names[0]))}!/'


def _owners(inputs: pa.Table, collections: Sequence[Collection]) -> np.ndarray:
    """The number of each input's collection."""
    owners = {encode_uri(one.name): number for number, collection in enumerate(collections) for one in collection.inputs}
    if len(owners) == 1:
        return np.zeros(inputs.num_rows, np.int64)
    names = pc.replace_substring_regex(pc.coalesce(inputs['container'], inputs['uri']), '(?s)/.*', '')
    return np.array(list(owners.values()))[pc.index_in(names, pa.array(list(owners))).to_numpy()]


def _folder_labels(plan: Plan, shard: int, collections: Sequence[Collection]) -> pa.Table:
    """What their folders say of a shard's photos, those of collections without labels files."""
    if all(collection.labels for collection in collections):
        return SAID.empty_table()
    part = _part(plan, shard, ['uri', 'path', 'container'])
    owners = _owners(part, collections)
    wanted = np.array([not collection.labels for collection in collections])[owners]
    part, owners = part.filter(pa.array(wanted)), owners[wanted]
    blank, none = pa.repeat('', len(owners)), pa.array([[]] * len(owners), pa.list_(pa.string()))
    said = {
        'uri': part['uri'],
        'source': [collections[owner].name for owner in owners],
        'row': np.zeros(len(owners), np.int64),
        'label': map(folder_of, part['uri'].to_pylist(), part['path'].to_pylist()),
        'votes': none,
        'box': none,
        'unmatched': pa.nulls(len(owners), pa.string()),
    }
    return pa.table([said.get(name, blank) for name in SAID.names], schema=SAID)


def _part(plan: Plan, shard: int, columns: list[str]) -> pa.Table:
    with pq.ParquetFile(Path(plan.folder, part_name('plan', shard, plan.shards))) as file:
        return file.read(columns)


def _by_name(folder: Path, tables: Iterable[pa.Table]) -> Spool:
    """Tables by a hash of what is called; one that does not tell `%25` from `%`, as a label may say either."""
    spool = Spool(folder)
    for table in _bulk(tables):
        names = pc.replace_substring_regex(table[CALLED], '%(25)+', '%').cast(pa.binary())
        hashes = np.fromiter(map(zlib.crc32, names.to_pylist()), np.uint64, table.num_rows)  # the same in every run, so is the order
        spool.add(table.append_column(KEY, pa.array(hashes << np.uint64(32))))
    return spool


def _meetings(labels: Spool, names: Spool) -> Iterator[tuple[pa.Table, pa.Table]]:
    """Labels, and the names that they may mean."""
    said, called = labels.units(BITS), names.units(BITS)
    for bucket in range(BUCKETS):
        some = next(called) if names.rows[bucket] else NAMES.empty_table()
        if labels.rows[bucket]:
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


def _bulk(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """The same rows in fewer tables."""
    held: list[pa.Table] = []
    for table in tables:
        held.append(table)
        if sum(one.num_rows for one in held) >= AT_ONCE:
            yield pa.concat_tables(held).combine_chunks()
            held.clear()
    if any(one.num_rows for one in held):
        yield pa.concat_tables(held).combine_chunks()


def _join(begin: str | pa.Array, name: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.binary_join_element_wise(begin, name, '')
