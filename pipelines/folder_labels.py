"""What the photos' folders say of them, where no labels file does."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from ..storage.either import last_name
from ..storage.path import located
from ..transforms.containers.kinds import kind_of
from ..transforms.label_file import SAID
from ..transforms.records import Kind
from .called import owners_of
from .collections import Collection
from .listing.globs import MAGIC, split_glob
from .listing.uris import encode_uri
from .plan import Plan


def folder_labels(plan: Plan, shard: int, collections: Sequence[Collection]) -> pa.Table:
    """What their folders say of a shard's photos, those of collections without labels files."""
    if all(collection.labels for collection in collections):
        return SAID.empty_table()
    part = plan.part(shard, ['uri', 'path'])
    owners = owners_of(part, collections)
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


def labelling_names(given: str) -> str:
    """The names of an INPUT that may be labels and stand in no uri: a folder's own; of a glob or file, also that of the folder above."""
    folder, below = _fixed(given)
    return f'{last_name(folder)}/{below}' if below else last_name(folder)


def _fixed(given: str) -> tuple[str, str]:
    """The folder that an INPUT names, and what it says below that."""
    place = located(given)
    if place.is_file():
        return (str(place.parent), place.name) if kind_of(given) in (Kind.FILE, Kind.PARQUET) else (given, '')
    if MAGIC.search(given) and not place.is_dir():
        folder, wanted = split_glob(given)
        return folder, '/'.join(wanted.parts)
    return given, ''


def folder_of(uri: str, path: bytes) -> str:
    """What a photo's folder says: the last one of its uri, else of its path."""
    return os.path.basename(os.path.dirname(uri)) or encode_uri(os.path.basename(os.path.dirname(path)))
