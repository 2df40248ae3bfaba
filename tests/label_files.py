"""Collections with labels files, and plans of their photos."""

import csv
import dataclasses
from collections.abc import Iterable, Sequence
from pathlib import Path

from mien.configs.load import load
from mien.configs.schema import BuildConfig, LabelConfig
from mien.pipelines.collections import Collection
from mien.pipelines.inputs import Source
from mien.pipelines.plan import Plan, write_plans
from mien.transforms.records import Address, Entry

CONFIG = load(BuildConfig, 'build').source('set')
LISTING = load(LabelConfig, 'label')


def collection(name: str, inputs: Sequence[str], labels: Sequence[Path] = (), **values: object) -> Collection:
    named = tuple(Source(one, f'/archive/{one}') for one in inputs)
    return Collection(name, named, tuple(map(str, labels)), dataclasses.replace(CONFIG, **values))


def labels_file(path: Path, said: Iterable[str], label: str = 'anger') -> Path:
    """A file that says one thing of each name."""
    path.parent.mkdir(exist_ok=True)
    with open(path, 'w', newline='') as file:
        csv.writer(file).writerows([('image', 'label'), *((one, label) for one in said)])
    return path


def entry(uri: str, container: Address | None = None) -> Entry:
    return Entry(uri, f'/archive/{uri}', 1, 1, address=container)


def plan(folder: Path, entries: Iterable[Entry], shards: int = 4, **values: object) -> Plan:
    return write_plans(iter(entries), dataclasses.replace(LISTING, shards=shards, **values), str(folder))
