"""An output folder: it grows as `<out>.partial` and becomes one immutable snapshot by one rename."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..configs.errors import UsageError
from ..transforms.parts import WORK, write_json
from .recipe import Recipe, differences

SNAPSHOT = 'snapshot.json'
RUN = 'run.json'


@dataclass(frozen=True)
class Output:
    """Where a job writes.

    Attributes:
        out: the snapshot's place.
    """

    out: Path

    @property
    def partial(self) -> Path:
        return self.out.with_name(f'{self.out.name}.partial')

    @property
    def replaced(self) -> Path:
        return self.out.with_name(f'{self.out.name}.replaced')

    def is_finished(self, recipe: Recipe, roots: list[str], overwrite: bool) -> bool:
        """Whether the snapshot of this very run stands already.

        Raises:
            UsageError: something else stands there, and `overwrite` is not said.
        """
        if not (self.out / SNAPSHOT).is_file():
            self._refuse_strangers()
            return False
        differing = differences(identity(self.out, SNAPSHOT), recipe.as_dict()) + root_differences(self.out / RUN, roots)
        if differing and not overwrite:
            raise UsageError(
                f'output {str(self.out)!r} is a snapshot of another run ({"; ".join(differing)}); name another folder or say --overwrite'
            )
        return not differing and not overwrite

    @contextmanager
    def held(self) -> Iterator[None]:
        """Holds the output against a second writer.

        Raises:
            UsageError: somebody holds it, or it can't be written.
        """
        try:
            (self.partial / WORK).mkdir(parents=True, exist_ok=True)
            file = open(self.partial / WORK / 'lock', 'a+')  # noqa: SIM115
        except OSError as error:
            raise UsageError(f'output {str(self.out)!r}: cannot be written ({error.strerror}); name a folder that can') from error
        with file:
            _lock(file, self.out)
            yield

    def begin(self, recipe: Recipe, roots: list[str], overwrite: bool) -> None:
        """Takes up an unfinished run of this recipe, or starts one.

        Raises:
            UsageError: an unfinished run of another recipe stands there, and `overwrite` is not said.
        """
        begun = self.partial / WORK / 'recipe.json'
        said = recipe.as_dict() | {'inputs': roots}
        differing = differences(json.loads(begun.read_text()), said) if begun.is_file() else []
        if differing and not overwrite:
            raise UsageError(
                f'output {str(self.out)!r}: {self.partial.name} is an unfinished run of another kind ({"; ".join(differing)}); '
                'finish that, name another folder or say --overwrite'
            )
        if differing:
            self._clear()
        write_json(begun, said)

    def complete(self, snapshot: dict[str, Any], run: dict[str, Any]) -> None:
        """Writes `run.json` and `snapshot.json` and moves everything into place at once."""
        write_json(self.partial / RUN, run)
        write_json(self.partial / SNAPSHOT, snapshot)
        shutil.rmtree(self.partial / WORK)
        if self.out.exists():
            os.rename(self.out, self.replaced)
        os.rename(self.partial, self.out)
        shutil.rmtree(self.replaced, ignore_errors=True)

    def _refuse_strangers(self) -> None:
        if self.out.exists() and not self.out.is_dir():
            raise UsageError(f'output {str(self.out)!r} is a file; name a folder')
        if self.out.is_dir() and any(self.out.iterdir()):
            raise UsageError(f'output {str(self.out)!r} holds files but no {SNAPSHOT}: it is not ours; name another folder')

    def _clear(self) -> None:
        for entry in [*self.partial.iterdir(), *(self.partial / WORK).iterdir()]:
            if entry.name not in (WORK, 'lock'):
                shutil.rmtree(entry) if entry.is_dir() else entry.unlink()


def identity(folder: Path, name: str) -> dict[str, Any]:
    """The part of a snapshot's description that its recipe says."""
    snapshot = json.loads((folder / name).read_text())
    return {key: snapshot.get(key) for key in ('kind', 'schema_version', 'mien_version', 'config', 'digests')}


def root_differences(path: Path, roots: list[str]) -> list[str]:
    """Whether a run read other INPUTs."""
    return differences({'inputs': json.loads(path.read_text())['inputs']}, {'inputs': roots}) if path.is_file() else []


def _lock(file: Any, out: Path) -> None:
    """Takes the lock or says who has it; the system drops the lock of a process that died."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.seek(0)
        raise UsageError(
            f'output {str(out)!r} is being written by {file.read().strip() or "another process"}; wait for it or stop it'
        ) from error
    file.truncate(0)
    file.write(f'process {os.getpid()}, started {time.strftime("%Y-%m-%d %H:%M:%S")}')
    file.flush()
