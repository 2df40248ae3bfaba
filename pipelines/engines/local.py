"""This process, its threads or child processes: `--runner local`."""

from __future__ import annotations

from collections.abc import Iterator

from .asked import Asked
from .finding import Finding


def flags(asked: Asked) -> list[str]:
    """Beam's options. By class name: `DirectRunner` would look for prism first. Threads: OpenCV and LiteRT release the GIL."""
    return ['--runner=FnApiRunner', f'--direct_num_workers={asked.workers or 1}', '--direct_running_mode=multi_threading']


def overrides(asked: Asked) -> list[str]:
    """What stands behind the user's options: nothing."""
    return []


def is_near(asked: Asked) -> bool:
    """Whether the workers see this machine's folders."""
    return True


def findings(asked: Asked) -> Iterator[Finding]:
    """What would fail late: nothing that is known before."""
    return iter(())


def submitted(asked: Asked, name: str) -> None:
    """Nothing finds the job again: it ends with the command."""
