"""Room on a disk for what a job sorts before anything runs: beside its output, or among the system's temporary files."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from ..storage.path import AnyPath, StorePath, located
from ..transforms.parts import WORK


@contextmanager
def scratch(folder: str | AnyPath, name: str) -> Iterator[Path]:
    """A folder that is gone afterwards, and empty at the start also where a run was killed; the body makes it.

    Args:
        folder: that of the output; where it is in a store, its disk is not ours.
    """
    place = located(folder, WORK, name)
    if isinstance(place, StorePath):
        with TemporaryDirectory(prefix='mien-') as temporary:
            yield Path(temporary, name)
        return
    shutil.rmtree(place, ignore_errors=True)
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)
