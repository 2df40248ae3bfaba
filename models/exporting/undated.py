"""A network as a Keras file without the time of its making: equal networks are equal files."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path

import keras

METADATA = 'metadata.json'


def save(network: keras.Model, path: Path) -> None:
    """Writes `.keras` as Keras does, but for the dates that Keras puts into the archive: a file's SHA-256 stands for its weights."""
    dated = path.with_name(f'dated-{path.name}')
    network.save(dated)
    with zipfile.ZipFile(dated) as before, zipfile.ZipFile(path, 'w') as after:
        for name in before.namelist():
            with before.open(name) as source, after.open(zipfile.ZipInfo(name), 'w', force_zip64=True) as target:
                if name == METADATA:
                    target.write(json.dumps(json.load(source) | {'date_saved': ''}).encode())
                else:
                    shutil.copyfileobj(source, target)
    dated.unlink()
