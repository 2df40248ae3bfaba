"""What the photos' folders say of them, where no labels file does."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from ..transforms.label_file import SAID
from .called import owners_of
from .collections import Collection
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


def folder_of(uri: str, path: bytes) -> str:
    """What a photo's folder says: the last one of its uri, else of its path."""
    return os.path.basename(os.path.dirname(uri)) or encode_uri(os.path.basename(os.path.dirname(path)))
