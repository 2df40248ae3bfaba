"""What a command costs for one more image, and what it costs without any: start-up, and the memory of its process tree."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .compare import Cost, Folders
from .tree import measure


@dataclass(frozen=True)
class Marginal:
    """What a command costs.

    Attributes:
        image: one more image.
        startup_seconds: on the clock.
        peak_bytes: over 2N images.
    """

    image: Cost
    startup_seconds: float
    peak_bytes: int

    @property
    def speed(self) -> float:
        """Images a second on the clock."""
        return 1 / self.image.clock

    @property
    def processor_speed(self) -> float:
        """Images a processor second."""
        return 1 / self.image.processor

    @property
    def peak(self) -> float:
        """Megabytes."""
        return self.peak_bytes / 1e6


def marginal(folders: Folders, command: Callable[[Path], list[str]], cores: set[int]) -> Marginal:
    """Runs a command on N and on 2N images.

    Raises:
        Failed: its exit status is not 0.
    """
    once, twice = (measure(command(folder), cores) for folder in (folders.some, folders.twice))
    more = twice.over(once)
    image = Cost(more.seconds / folders.count, more.processor_seconds / folders.count)
    return Marginal(image, once.seconds - more.seconds, twice.peak_bytes)
