"""What photos can be called by the labels files of their collection, as tables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..transforms.input_of import input_of
from ..transforms.records import Entry
from .collections import Collection, by_input
from .listing.uris import encode_uri
from .plan import Plan

AT_ONCE = 1 << 17  # rows that are spooled at a time
LEVELS = 4  # of names, the best first: the uri, the path below the INPUT, the base name, any of these without spaces around it
SPACED = LEVELS - 1
LEFT_OUT = -1  # the shard of an input that is not in the plan
CALLED, LEVEL, SHARD = 'called', 'level', 'shard'
LISTED = pa.schema([('uri', pa.string()), (SHARD, pa.int32())])
NAMES = pa.schema([(CALLED, pa.string()), ('uri', pa.string()), (LEVEL, pa.int8()), (SHARD, pa.int32())])


def names_of(plan: Plan, collections: Sequence[Collection], everything: Iterable[Entry]) -> Iterator[pa.Table]:
    """What all inputs can be called, as `NAMES`."""
    for inputs in bulk(_inputs(plan, everything)):
        yield known(_called(inputs, collections))


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


def owners_of(inputs: pa.Table, collections: Sequence[Collection]) -> np.ndarray:
    """The number of each input's collection."""
    owners = {name: collections.index(one) for name, one in by_input(collections).items()}
    return np.array([owners[input_of(uri, owners)] for uri in inputs['uri'].to_pylist()], np.int64)


def bulk(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """The same rows in fewer tables."""
    held: list[pa.Table] = []
    for table in tables:
        held.append(table)
        if sum(one.num_rows for one in held) >= AT_ONCE:
            yield pa.concat_tables(held).combine_chunks()
            held.clear()
    if any(one.num_rows for one in held):
        yield pa.concat_tables(held).combine_chunks()


def join(begin: str | pa.Array, name: pa.ChunkedArray) -> pa.ChunkedArray:
    """Two texts as one, row by row."""
    return pc.binary_join_element_wise(begin, name, '')


def _inputs(plan: Plan, everything: Iterable[Entry]) -> Iterator[pa.Table]:
    """What is planned and all that there is, as `LISTED`."""
    for shard in range(plan.shards):
        yield _listed(plan.part(shard, ['uri'])['uri'], shard)
    entries = iter(everything)
    while some := list(islice(entries, AT_ONCE)):
        yield _listed(pa.array([entry.uri for entry in some]), LEFT_OUT)


def _listed(uris: pa.Array, shard: int) -> pa.Table:
    return pa.table([uris, pa.repeat(pa.scalar(shard, pa.int32()), len(uris))], schema=LISTED)


def _called(inputs: pa.Table, collections: Sequence[Collection]) -> pa.Table:
    """What inputs can be called by the labels files of their collection, as `NAMES`."""
    owners = owners_of(inputs, collections)
    wanted = np.array([bool(collection.labels) for collection in collections])[owners]
    inputs = inputs.filter(pa.array(wanted)).combine_chunks()
    begin = pa.array([f'{number}/' for number in range(len(collections))]).take(pa.array(owners[wanted]))
    tables = []
    for level, cut in enumerate(('^$', _root(collections), '(?s)^.*/')):  # nothing, the INPUT, all folders
        name = pc.replace_substring_regex(inputs['uri'], cut, '')
        trimmed = pc.utf8_trim_whitespace(name)  # what a label can say of it
        for called, at, told in ((name, level, pc.not_equal(name, '')), (trimmed, SPACED, pc.not_equal(name, trimmed))):
            levels = pa.repeat(pa.scalar(at, pa.int8()), inputs.num_rows)
            tables.append(pa.table([join(begin, called), inputs['uri'], levels, inputs[SHARD]], schema=NAMES).filter(told))
    return pa.concat_tables(tables)


def _root(collections: Sequence[Collection]) -> str:
    """What stands in a uri before the path below its INPUT, or before the path in an archive that is one."""
    names = [one.name for collection in collections for one in collection.inputs]
    return '^[^/]*/' if len(names) > 1 else f'^{re.escape(encode_uri(names[0]))}!/'
