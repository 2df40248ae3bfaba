"""How a snapshot gets to its place: by one rename of the folder in which it grew. Killed at any step, the next run goes on.

What may be found on the way: `out.partial` with snapshot.json is complete and not in its place yet; `.out.replaced` is what stood there
before, with --overwrite; `out/_work` is left to be tidied up.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from ..configs.errors import JobFailed, UsageError
from ..storage.path import AnyPath
from ..transforms.parts import DONE, SNAPSHOT, WORK
from .finished import said_by_mien
from .lock import removing, stands, take, writing
from .surroundings import is_fault

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

    @contextmanager
    def held(self) -> Iterator[bool]:
        """Holds the output against a second writer, and first moves into place what a killed run had ready.

        A wrong call leaves nothing behind that it made, unless a shard is done already. Gives whether something was ready.

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
                if stands(file, lock) and (made or not self.begun.exists()) and not has_done(self.partial):
                    self._drop(made)
                raise
            if stands(file, lock) and not self.begun.exists():
                self._drop(made)

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
        """Puts the complete folder into its place; the lock goes along, and is the last to go.

        Raises:
            JobFailed: somebody reads what stands there.
        """
        if self.out.exists():
            with removing(self.out) as free:
                if not free:
                    raise is_being_read(self.out)
                os.rename(self.out, self.replaced)
                os.rename(self.partial, self.out)
        else:
            os.rename(self.partial, self.out)
        self._tidy()

    def refuse_strangers(self) -> None:
        """Raises UsageError where something stands that is not ours, or that cannot be renamed, or that nothing may be added to."""
        for folder in (self.out, self.partial, self.replaced):
            _refuse_what_cannot_be_renamed(folder)
        for above in self.out.parents:
            if said_by_mien(above) is not None:
                raise UsageError(f'output {str(self.out)!r} lies inside of the snapshot {str(above)!r}; name a folder beside that')
        for folder, sign in ((self.out, SNAPSHOT), (self.partial, WORK)):
            if folder.exists() and not folder.is_dir():
                raise UsageError(f'output {str(folder)!r} is a file; name a folder')
            if folder.is_dir() and not (folder / sign).exists() and any(folder.iterdir()):
                raise UsageError(f'output {str(folder)!r} holds files but no {sign}: it is not ours; name another folder')

    def clear(self) -> None:
        """Removes all but the lock; what says whose it is goes last."""
        work = self.partial / WORK
        others = [entry for entry in [*self.partial.iterdir(), *work.iterdir()] if entry.name not in (WORK, LOCK, BEGUN)]
        for entry in [*others, self.begun]:
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()

    def _drop(self, made: list[Path]) -> None:
        """Removes an unfinished run that holds nothing, or that this call made with the folders above it."""
        shutil.rmtree(self.partial if made else self.partial / WORK, ignore_errors=True)
        for folder in [self.partial, *made[1:]]:
            with suppress(OSError):
                folder.rmdir()

    def _tidy(self) -> None:
        shutil.rmtree(self.replaced, ignore_errors=True)
        shutil.rmtree(self.out / WORK, ignore_errors=True)


def _refuse_what_cannot_be_renamed(folder: Path) -> None:
    try:
        found = os.lstat(folder)
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        if is_fault(error):
            raise
        raise UsageError(f'output {str(folder)!r}: cannot be written ({error.strerror}); name a folder that can') from error
    if stat.S_ISLNK(found.st_mode):
        raise UsageError(f'output {str(folder)!r} is a link, and a snapshot gets to its place by a rename; name the folder itself')
    if os.path.ismount(folder):
        raise UsageError(f'output {str(folder)!r} is a mount point, which nothing can be renamed to; name a folder below it')


def is_being_read(out: AnyPath) -> JobFailed:
    """What to say where a snapshot cannot be replaced yet."""
    return JobFailed(f'output {str(out)!r}: the snapshot that stands there is being read; wait for that, then the same command finishes')


def has_done(partial: AnyPath) -> bool:
    """Whether an unfinished run has finished a shard."""
    return any((partial / WORK / DONE).glob('*.json'))


def is_complete(folder: AnyPath) -> bool:
    """Whether a folder holds a whole snapshot."""
    return (folder / SNAPSHOT).is_file()
