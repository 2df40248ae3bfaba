"""Tells each shard what is said of its photos: by a labels file, or by the photos' folders."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import PurePosixPath

from ..transforms.label_file import Label, write_labels
from ..transforms.plan_file import read_plan
from ..transforms.reasons import Reason
from ..transforms.records import Entry, image_id
from .listing.uris import encode_uri
from .plan import Plan, shard_of


class Inputs:
    """The uris of all inputs, found by what a label calls them."""

    def __init__(self, uris: Iterable[str]) -> None:
        self._uris = frozenset(uris)
        self._by_name: dict[str, str | None] = {}
        for uri in self._uris:
            name = uri.rpartition('/')[2]
            self._by_name[name] = None if name in self._by_name else uri

    def find(self, said: str) -> str | Reason:
        """The uri that is said, else the one input of that base name, else why there is none."""
        for uri in (said, encode_uri(said)):
            if uri in self._uris:
                return uri
            if uri in self._by_name:
                return self._by_name[uri] or Reason.AMBIGUOUS_NAME
        return Reason.IMAGE_MISSING


def match(labels: Iterable[Label], inputs: Inputs, planned: Collection[str]) -> Iterator[Label]:
    """Each label with the uri of its photo, or with the reason why it has none; labels of inputs that were left out are, too.

    Args:
        inputs: all that there are.
        planned: uris of those that are not left out by --include, --exclude or --limit.
    """
    for label in labels:
        found = inputs.find(label.uri)
        if isinstance(found, Reason):
            yield replace(label, unmatched=found)
        elif found in planned:
            yield replace(label, uri=found)


def folder_label(entry: Entry) -> Label:
    """What a photo's folder says: the last one of its uri, else of its path."""
    folder = PurePosixPath(entry.uri).parent.name or os.path.basename(os.path.dirname(entry.path))
    return Label(entry.uri, 0, folder)


def write_shard_labels(plan: Plan, labels: Iterable[Label] | None, everything: Iterable[Entry] | None) -> None:
    """Writes each shard's labels; those that match no input go where their photo would have gone.

    Args:
        labels: the labels file's rows; none: the photos' folders are their labels.
        everything: all inputs, where the plan leaves some out.
    """
    held = [read_plan(plan.folder, shard, plan.shards) for shard in range(plan.shards)]
    entries = [entry for some in held for entry in some]
    inputs, planned = Inputs(entry.uri for entry in everything or entries), frozenset(entry.uri for entry in entries)
    said = map(folder_label, entries) if labels is None else match(labels, inputs, planned)
    shard_by_uri = {entry.uri: shard for shard, some in enumerate(held) for entry in some}
    for shard, some in enumerate(_by_shard(said, plan.shards, shard_by_uri)):
        write_labels(plan.folder, shard, plan.shards, some)


def _by_shard(labels: Iterable[Label], shards: int, shard_by_uri: Mapping[str, int]) -> list[list[Label]]:
    held: list[list[Label]] = [[] for _ in range(shards)]
    for label in labels:
        shard = shard_by_uri.get(label.uri)
        held[shard_of(image_id(label.uri), shards) if shard is None else shard].append(label)
    return held
