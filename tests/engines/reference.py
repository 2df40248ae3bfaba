"""What the local runner makes of the archive on a disk: every engine has to give the same."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.bombs import jpeg
from tests.engines.archive import Archive
from tests.processes import mien

GONE, CHANGES = 3, 3


@dataclass(frozen=True)
class Reference:
    """Snapshots of the local runner, one thread.

    Attributes:
        label, build, slow: of the archive.
        next: of the portraits without those that are `gone`, and with others in the place of the `changed`.
    """

    label: Path
    next: Path
    build: Path
    slow: Path
    gone: frozenset[str]
    changed: dict[str, bytes]


def reference(archive: Archive, folder: Path) -> Reference:
    """Runs all of it."""
    names = sorted(path.name for path in archive.portraits.glob('*_0001.jpg'))
    gone, changed = (
        frozenset(names[:GONE]),
        dict.fromkeys(names[GONE : GONE + CHANGES], jpeg(304, 200, 1, 1)) | {'more/new.jpg': jpeg(200, 304, 1, 1)},
    )
    tonight = folder / 'tonight' / 'portraits'
    shutil.copytree(archive.portraits, tonight, ignore=lambda _, found: gone.intersection(found))
    for name, data in changed.items():
        (tonight / name).write_bytes(data)
    made = Reference(folder / 'label', folder / 'next', folder / 'build', folder / 'slow', gone, changed)
    _run('label', archive.portraits, '--out', made.label, '--shards=16')
    _run('label', tonight, '--out', made.next, '--shards=16')
    _run('label', archive.slow, '--out', made.slow, '--shards=16')
    inputs = (f'fer2013={archive.faces}', archive.portraits)
    _run('build', *inputs, '--out', made.build, f'--config={archive.config}', archive.labels, '--shards=16')
    return made


def _run(*words: object) -> None:
    ran = subprocess.run(mien(*words), capture_output=True, text=True)
    if ran.returncode:
        raise RuntimeError(f'{words}: {ran.stderr}')
