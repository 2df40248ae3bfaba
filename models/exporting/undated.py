"""A network as a Keras file without a trace of the time and the process that made it: equal networks are equal files."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import keras

SHARED = 'shared_object_id'


def save(network: keras.Model, path: Path) -> None:
    """Writes `.keras` as Keras does, but for the dates in the archive and addresses in memory in it: its SHA-256 stands for the network."""
    dated = path.with_name(f'dated-{path.name}')
    network.save(dated)
    with zipfile.ZipFile(dated) as before, zipfile.ZipFile(path, 'w') as after:
        for name in before.namelist():
            with before.open(name) as source, after.open(zipfile.ZipInfo(name), 'w', force_zip64=True) as target:
                if name in CHANGED:
                    target.write(json.dumps(CHANGED[name](json.load(source))).encode())
                else:
                    shutil.copyfileobj(source, target)
    dated.unlink()


def _undated(metadata: dict[str, Any]) -> dict[str, Any]:
    return metadata | {'date_saved': ''}


def _numbered(config: Any, numbers: dict[int, int] | None = None) -> Any:
    """Objects that layers share are told by their addresses; numbers in the order of their appearance say the same."""
    numbers = {} if numbers is None else numbers
    if isinstance(config, list):
        return [_numbered(value, numbers) for value in config]
    if not isinstance(config, dict):
        return config
    shared = config.get(SHARED)
    own = {} if shared is None else {SHARED: numbers.setdefault(shared, len(numbers) + 1)}
    return {key: own.get(key, _numbered(value, numbers)) for key, value in config.items()}


CHANGED: Mapping[str, Callable[[Any], Any]] = {'metadata.json': _undated, 'config.json': _numbered}
