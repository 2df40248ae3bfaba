"""Whether workers run what the submitter runs: rows are bytes that libraries make, and pickles that only their like can read."""

from __future__ import annotations

import hashlib
import os
import sys
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

PACKAGES = (
    'mien',
    'apache-beam',
    'ai-edge-litert',
    'cloudpickle',
    'numpy',
    'obstore',
    'opencv-python-headless',
    'pyarrow',
    'tensorflow-transform',
)
ROOMS = ('configs', 'storage', 'transforms', 'models', 'pipelines')
WRONG_WORKER = 'workers differ from the submitter: '


class WrongWorker(RuntimeError):
    """A worker runs something else than the submitter."""


@dataclass(frozen=True)
class Facts:
    """What a Python process runs.

    Attributes:
        python: major and minor version.
        packages: name and version of each, '' where it isn't installed.
        code: 12 hex digits over mien's own modules: an unfinished version is many.
    """

    python: str
    packages: tuple[tuple[str, str], ...]
    code: str


@cache
def facts() -> Facts:
    """What this process runs."""
    return Facts('.'.join(map(str, sys.version_info[:2])), tuple((name, _version(name)) for name in PACKAGES), _code())


def check_worker(expected: Facts) -> None:
    """Raises WrongWorker, in one line that names both versions and the remedy, where this process runs something else."""
    found = differences(expected, facts())
    if found:
        raise WrongWorker(f'{WRONG_WORKER}{os.uname().nodename} has {"; ".join(found)}; install there what the submitter has')


def differences(expected: Facts, found: Facts) -> list[str]:
    """Each that differs, as `name version (submitter: version)`."""
    wanted = {'python': expected.python, **dict(expected.packages)}
    there = {'python': found.python, **dict(found.packages)}
    lines = [
        f'{name} {there.get(name) or "none"} (submitter: {value or "none"})' for name, value in wanted.items() if there.get(name) != value
    ]
    if expected.code != found.code and wanted['mien'] == there.get('mien'):
        lines.append(f'mien {wanted["mien"]} of code {found.code} (submitter: {expected.code})')
    return lines


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ''


def _code() -> str:
    digest = hashlib.sha256()
    for folder in filter(None, map(_folder, ROOMS)):
        for path in sorted(folder.rglob('*.py')):
            digest.update(f'{folder.name}/{path.relative_to(folder).as_posix()}\0'.encode() + path.read_bytes() + b'\0')
    return digest.hexdigest()[:12]


def _folder(room: str) -> Path | None:
    spec = find_spec(f'{__name__.partition(".")[0]}.{room}')
    return Path(spec.submodule_search_locations[0]) if spec and spec.submodule_search_locations else None
