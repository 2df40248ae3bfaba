"""An output: it grows beside its place, on a disk or in a store, and becomes one immutable snapshot."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..configs.errors import UsageError
from ..storage.path import AnyPath, StorePath, located
from ..transforms.parts import SNAPSHOT, WORK, read_json, write_json
from .finished import refuse_unreadable_name, said_by_mien
from .lease import reading_stored
from .lock import reading_folder
from .place import Place, is_complete
from .recipe import Recipe, differences
from .stored_place import StoredPlace

RUN = 'run.json'


@dataclass(frozen=True)
class Output:
    """An output, and what may be done with it; its place says how it gets there."""

    place: Place | StoredPlace

    @property
    def out(self) -> AnyPath:
        """Where the snapshot will be."""
        return self.place.out

    @property
    def partial(self) -> AnyPath:
        """Where it grows."""
        return self.place.partial

    @property
    def unsettled(self) -> bool:
        """See the place."""
        return self.place.unsettled

    def refuse_strangers(self) -> None:
        """See the place."""
        self.place.refuse_strangers()

    def held(self) -> AbstractContextManager[bool]:
        """See the place."""
        return self.place.held()

    def is_finished(self, recipe: Recipe, roots: list[str], overwrite: bool, settled: bool = False) -> bool:
        """Whether the snapshot of this very run stands already.

        Args:
            overwrite: what stands is to be made again,
            settled: unless it was a moment ago.
        Raises:
            UsageError: the snapshot of another run does, and `overwrite` is not said; or somebody else's snapshot.json.
        """
        said = said_by_mien(self.out)
        if said is None and is_complete(self.out):
            raise UsageError(f'output {str(self.out)!r} holds a {SNAPSHOT} that mien did not write: it is not ours; name another folder')
        if said is None:
            return False
        differing = differences(identity(said), recipe.as_dict()) + root_differences(self.out / RUN, roots)
        if differing and not overwrite:
            raise UsageError(
                f'output {str(self.out)!r} is a snapshot of another run ({"; ".join(differing)}); name another folder or say --overwrite'
            )
        finished = not differing and (settled or not overwrite)
        if not finished:
            self._refuse_to_lose(said)
        return finished

    def _refuse_to_lose(self, said: Mapping[str, Any]) -> None:
        """Raises UsageError where what stands there would go, and something with it that is not of it."""
        ours = {SNAPSHOT, RUN, WORK, 'plan', *(name.partition('/')[0] for name in said['files'])}
        others = sorted(entry.name for entry in self.out.iterdir() if entry.name not in ours and not entry.name.startswith('.'))
        if others:
            more = f' and {len(others) - 1} more' if others[1:] else ''
            raise UsageError(
                f'output {str(self.out)!r} holds {others[0]!r}{more}, which is not of its snapshot and would go with it; move it away'
            )

    def is_anothers(self, recipe: Recipe, roots: list[str], overwrite: bool) -> bool:
        """Whether an unfinished run of another recipe stands there, and may go.

        Raises:
            UsageError: it does, and `overwrite` is not said.
        """
        before = read_json(self.place.begun)
        differing = differences(before, _described(recipe, roots)) if before else []
        if differing and not overwrite:
            raise UsageError(
                f'output {str(self.out)!r}: {self.partial.name} is an unfinished run of another kind ({"; ".join(differing)}); '
                'finish that, name another folder or say --overwrite'
            )
        return bool(differing)

    def begin(self, recipe: Recipe, roots: list[str], overwrite: bool) -> None:
        """Takes up an unfinished run of this recipe, or starts one.

        Raises:
            UsageError: see `is_anothers`.
        """
        if self.is_anothers(recipe, roots, overwrite):
            self.place.clear()
        write_json(self.place.begun, _described(recipe, roots))

    def complete(self, snapshot: dict[str, Any], run: dict[str, Any]) -> None:
        """Writes `run.json` and `snapshot.json` and has everything moved into place."""
        write_json(self.partial / RUN, run)
        write_json(self.partial / SNAPSHOT, snapshot)
        self.place.move()


def output(out: str) -> Output:
    """The output of a name: a folder, or a place in a store."""
    place = located(out)
    refuse_unreadable_name(place)
    return Output(StoredPlace(place) if isinstance(place, StorePath) else Place(Path(os.path.abspath(out))))


@contextmanager
def reading(snapshot: AnyPath) -> Iterator[None]:
    """Holds a snapshot that a job reads against `mien prune`.

    Raises:
        UsageError: it isn't there, isn't complete, or is being removed.
    """
    with reading_stored(snapshot) if isinstance(snapshot, StorePath) else reading_folder(snapshot):
        if not is_complete(snapshot):
            raise UsageError(f'snapshot {str(snapshot)!r} holds no {SNAPSHOT}: it is no finished one; name one that is')
        yield


def _described(recipe: Recipe, roots: list[str]) -> dict[str, Any]:
    return recipe.as_dict() | {'inputs': roots}


def identity(said: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a snapshot's description that its recipe says."""
    return {key: said.get(key) for key in ('kind', 'schema_version', 'mien_version', 'config', 'digests')}


def root_differences(path: AnyPath, roots: list[str]) -> list[str]:
    """Whether a run read other INPUTs."""
    try:
        said = read_json(path)
    except ValueError:  # as where it is missing: it says when and where, and not what
        return []
    return differences({'inputs': said['inputs']}, {'inputs': roots}) if said else []
