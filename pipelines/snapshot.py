"""An output folder: it grows as `<out>.partial` and becomes one immutable snapshot by one rename."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from ..configs.errors import UsageError
from ..transforms.parts import SNAPSHOT, WORK, write_json
from .lock import reading_folder, stands, writing
from .place import BEGUN, LOCK, Place, is_complete
from .recipe import Recipe, differences

RUN = 'run.json'


class Output(Place):
    """An output folder, and what may be done with it."""

    def is_finished(self, recipe: Recipe, roots: list[str], overwrite: bool, settled: bool = False) -> bool:
        """Whether the snapshot of this very run stands already.

        Args:
            overwrite: what stands is to be made again,
            settled: unless it was a moment ago.
        Raises:
            UsageError: the snapshot of another run does, and `overwrite` is not said.
        """
        if not is_complete(self.out):
            return False
        differing = differences(identity(json.loads((self.out / SNAPSHOT).read_text())), recipe.as_dict()) + root_differences(
            self.out / RUN, roots
        )
        if differing and not overwrite:
            raise UsageError(
                f'output {str(self.out)!r} is a snapshot of another run ({"; ".join(differing)}); name another folder or say --overwrite'
            )
        return not differing and (settled or not overwrite)

    @contextmanager
    def held(self) -> Iterator[bool]:
        """Holds the output against a second writer, and first moves into place what a killed run had ready.

        A wrong call leaves nothing behind that it made. Gives whether something was ready.

        Raises:
            UsageError: somebody holds it, or it can't be written.
        """
        self.refuse_strangers()
        made = [folder for folder in (self.partial, *self.partial.parents) if not folder.exists()]
        lock = self.partial / WORK / LOCK
        with writing(lock, self.out) as file:
            try:
                yield self.settle()
            except UsageError:
                if stands(file, lock) and (made or not self.begun.exists()):
                    self._drop(made)
                raise
            if stands(file, lock) and not self.begun.exists():
                self._drop(made)

    def begin(self, recipe: Recipe, roots: list[str], overwrite: bool) -> None:
        """Takes up an unfinished run of this recipe, or starts one.

        Raises:
            UsageError: an unfinished run of another recipe stands there, and `overwrite` is not said.
        """
        said = recipe.as_dict() | {'inputs': roots}
        differing = differences(json.loads(self.begun.read_text()), said) if self.begun.is_file() else []
        if differing and not overwrite:
            raise UsageError(
                f'output {str(self.out)!r}: {self.partial.name} is an unfinished run of another kind ({"; ".join(differing)}); '
                'finish that, name another folder or say --overwrite'
            )
        if differing:
            self._clear()
        write_json(self.begun, said)

    def complete(self, snapshot: dict[str, Any], run: dict[str, Any]) -> None:
        """Writes `run.json` and `snapshot.json` and moves everything into place at once."""
        write_json(self.partial / RUN, run)
        write_json(self.partial / SNAPSHOT, snapshot)
        self.move()

    def _drop(self, made: list[Path]) -> None:
        """Removes an unfinished run that holds nothing, or that this call made with the folders above it."""
        shutil.rmtree(self.partial if made else self.partial / WORK, ignore_errors=True)
        for folder in [self.partial, *made[1:]]:
            with suppress(OSError):
                folder.rmdir()

    def _clear(self) -> None:
        """Removes all but the lock; what says whose it is goes last."""
        work = self.partial / WORK
        others = [entry for entry in [*self.partial.iterdir(), *work.iterdir()] if entry.name not in (WORK, LOCK, BEGUN)]
        for entry in [*others, self.begun]:
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()


@contextmanager
def reading(snapshot: Path) -> Iterator[None]:
    """Holds a snapshot that a job reads against `mien prune`.

    Raises:
        UsageError: it isn't there, isn't complete, or is being removed.
    """
    with reading_folder(snapshot):
        if not is_complete(snapshot):
            raise UsageError(f'snapshot {str(snapshot)!r} holds no {SNAPSHOT}: it is no finished one; name one that is')
        yield


def identity(said: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a snapshot's description that its recipe says."""
    return {key: said.get(key) for key in ('kind', 'schema_version', 'mien_version', 'config', 'digests')}


def root_differences(path: Path, roots: list[str]) -> list[str]:
    """Whether a run read other INPUTs."""
    return differences({'inputs': json.loads(path.read_text())['inputs']}, {'inputs': roots}) if path.is_file() else []
