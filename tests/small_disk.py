"""A disk that is soon full: a tmpfs of so many kilobytes. Linux, and whoever may mount."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOMY = 65536  # kilobytes


class NotPermitted(RuntimeError):
    """No file system can be mounted here; the message says why."""


@dataclass(frozen=True)
class SmallDisk:
    """A mounted tmpfs."""

    folder: Path

    def resize(self, kilobytes: int = ROOMY) -> None:
        """Makes room, or takes it."""
        _call('mount', '-o', f'remount,size={kilobytes}k', str(self.folder))


@contextmanager
def small_disk(folder: Path, kilobytes: int) -> Iterator[SmallDisk]:
    """Mounts a tmpfs at a folder.

    Raises:
        NotPermitted: that can't be done here.
    """
    folder.mkdir(exist_ok=True)
    _call('mount', '-t', 'tmpfs', '-o', f'size={kilobytes}k', 'tmpfs', str(folder))
    try:
        yield SmallDisk(folder)
    finally:
        _call('umount', '--lazy', str(folder))


def _call(*words: str) -> None:
    try:
        subprocess.run(words, check=True, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise NotPermitted(f'{words[0]}: no such command') from error
    except subprocess.CalledProcessError as error:
        raise NotPermitted(error.stderr.strip()) from error
