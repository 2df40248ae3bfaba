"""How a snapshot gets to its place in a store, which cannot rename: it grows below `_work/`, is copied, and `snapshot.json` comes last.

Killed at any step, the next run goes on. What may be found on the way: `_work/partial/snapshot.json` where all is ready to be copied;
`_work/moved` where all has been, and the rest is to be tidied up.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

from ..configs.errors import UsageError
from ..storage.files import copy, remove, remove_tree
from ..storage.path import StorePath
from ..transforms.parts import SNAPSHOT, WORK, read_json
from .lease import Lease, is_read, leased
from .place import BEGUN, has_done, is_being_read, is_complete

COPIERS = 32  # threads


@dataclass(frozen=True)
class StoredPlace:
    """Where a job writes.

    Attributes:
        out: the snapshot's place.
    """

    out: StorePath
    _leases: list[Lease] = field(default_factory=list, compare=False)

    @property
    def partial(self) -> StorePath:
        return self.out / WORK / 'partial'

    @property
    def begun(self) -> StorePath:
        """What says whose the unfinished run is."""
        return self.partial / WORK / BEGUN

    @property
    def lease(self) -> StorePath:
        return self.out / WORK / 'lease.json'

    @property
    def unsettled(self) -> bool:
        """Whether a run is on the way, or was killed there."""
        return (self.out / WORK).is_dir()

    @contextmanager
    def held(self) -> Iterator[bool]:
        """As `Place.held`, by a lease."""
        self.refuse_strangers()
        with leased(self.lease, self.out) as lease:
            self._leases.append(lease)
            is_new = not self.partial.is_dir()
            try:
                yield self.settle()
            except UsageError:
                if (is_new or not self.begun.exists()) and not has_done(self.partial):
                    remove_tree(self.partial)
                raise

    def settle(self) -> bool:
        """Goes on where a run was killed in `move`; gives whether one was."""
        moved, ready = self._moved.exists(), is_complete(self.partial)
        if ready and not moved:
            self.move()
        elif moved or (is_complete(self.out) and not self.begun.exists()):
            self._tidy()  # also what a worker wrote late whom nobody waited for
        return ready or moved

    def move(self) -> None:
        """Copies the complete snapshot to its place, `snapshot.json` last; what stood there is no snapshot from the first step on.

        Raises:
            JobFailed: somebody reads what stands there, or another process has taken the output over.
        """
        for lease in self._leases:
            lease.check()
        if is_read(self.out):
            raise is_being_read(self.out)
        (self.out / SNAPSHOT).unlink(missing_ok=True)
        work, files = self.out / WORK, self._files()
        remove(path for path in self.out.rglob('*') if not path.is_relative_to(work) and str(path.relative_to(self.out)) not in files)
        with ThreadPoolExecutor(COPIERS) as pool:
            list(pool.map(lambda name: copy(self.partial / name, self.out / name), files))
        copy(self.partial / SNAPSHOT, self.out / SNAPSHOT)
        self._moved.write_bytes(b'')
        self._tidy()

    def refuse_strangers(self) -> None:
        """Raises UsageError where something stands that is not ours."""
        if self.out.is_file():
            raise UsageError(f'output {str(self.out)!r} is an object; name a folder')
        if self.out.is_dir() and not is_complete(self.out) and not (self.out / WORK).is_dir():
            raise UsageError(f'output {str(self.out)!r} holds objects but no {SNAPSHOT}: it is not ours; name another folder')

    def clear(self) -> None:
        """Removes the unfinished run; what says whose it is goes last."""
        remove(path for path in self.partial.rglob('*') if path != self.begun)
        self.begun.unlink(missing_ok=True)

    @property
    def _moved(self) -> StorePath:
        return self.out / WORK / 'moved'

    def _files(self) -> list[str]:
        """What is copied: all that the snapshot names, its plan and how it was run."""
        others = [str(path.relative_to(self.partial)) for path in (self.partial / 'plan').rglob('*')]
        return [*read_json(self.partial / SNAPSHOT)['files'], *others, 'run.json']

    def _tidy(self) -> None:
        remove_tree(self.partial)
        self._moved.unlink(missing_ok=True)
