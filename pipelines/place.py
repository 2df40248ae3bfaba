"""How a snapshot gets to its place: by one rename of the folder in which it grew. Killed at any step, the next run goes on.

What may be found on the way: `out.partial` with snapshot.json is complete and not in its place yet; `.out.replaced` is what stood there
before, with --overwrite; `out/_work` is left to be tidied up.
"""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ..configs.errors import UsageError
from ..transforms.parts import SNAPSHOT, WORK
from .lock import take

LOCK, BEGUN = 'lock', 'recipe.json'


@dataclass(frozen=True)
class Place:
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
        return self.out.with_name(f'.{self.out.name}.replaced')  # hidden: a glob over nights must not see a night twice

    @property
    def begun(self) -> Path:
        """What says whose the unfinished run is."""
        return self.partial / WORK / BEGUN

    @property
    def unsettled(self) -> bool:
        """Whether a run is on the way to or from its unfinished folder, or was killed there."""
        moved = is_complete(self.out) and (self.out / WORK).exists()
        never_begun = self.partial.exists() and not self.begun.exists()
        return moved or never_begun or is_complete(self.partial) or self.replaced.exists()

    def settle(self) -> bool:
        """Goes on where a run was killed in `move`; gives whether one was. The unfinished run's lock is held meanwhile.

        Raises:
            UsageError: the run is alive.
        """
        before = (is_complete(self.partial), self.replaced.exists(), (self.out / WORK).exists())
        if is_complete(self.partial):
            self.move()
        elif self.replaced.exists() and not self.out.exists():
            os.rename(self.replaced, self.out)
        with suppress(FileNotFoundError), open(self.out / WORK / LOCK, 'r+') as file:
            take(file, self.out)  # its holder may be alive and about to tidy up
        self._tidy()
        return any(before)

    def move(self) -> None:
        """Puts the complete folder into its place; the lock goes along, and is the last to go."""
        if self.out.exists():
            os.rename(self.out, self.replaced)
        os.rename(self.partial, self.out)
        self._tidy()

    def refuse_strangers(self) -> None:
        """Raises UsageError where something stands that is not ours."""
        for folder, sign in ((self.out, SNAPSHOT), (self.partial, WORK)):
            if folder.exists() and not folder.is_dir():
                raise UsageError(f'output {str(folder)!r} is a file; name a folder')
            if folder.is_dir() and not (folder / sign).exists() and any(folder.iterdir()):
                raise UsageError(f'output {str(folder)!r} holds files but no {sign}: it is not ours; name another folder')

    def _tidy(self) -> None:
        shutil.rmtree(self.replaced, ignore_errors=True)
        shutil.rmtree(self.out / WORK, ignore_errors=True)


def is_complete(folder: Path) -> bool:
    """Whether a folder holds a whole snapshot."""
    return (folder / SNAPSHOT).is_file()
