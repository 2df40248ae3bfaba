"""What a night costs that takes over what last night found: `mien label --previous` beside full runs over the same photos.

    python -m benchmarks.incremental [--images FOLDER] [--count 10000] [--changed 0.01] [--side 480]

Shares are of the full run with the same model, start-up (a run over one photo) taken out of both; a night without any change starts no
pipeline and may cost less than that. Exit status 1 where a run with `--previous` gives other bytes than the full run.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path

from mien.models.package import ModelPackage, find
from tests.snapshots import content

from .archive import HOUR, label, make_archive, make_old, numbered, small_photo, startup
from .arguments import parser
from .compare import photos
from .tree import Usage


@dataclass(frozen=True)
class Night:
    """A run that takes over an earlier one's.

    Attributes:
        full: the full run that it must equal.
        words: of the command, beside `--previous`.
    """

    name: str
    full: str
    previous: str
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Archive:
    """A folder of photos and the snapshots of it, beside each other."""

    scratch: Path
    folder: Path
    startup: Usage
    costs: dict[str, Usage] = field(default_factory=dict)

    def run(self, name: str, *words: str) -> None:
        """Makes a snapshot and prints what it cost."""
        cost = self.costs[name] = label(self.folder, self.scratch / name, *words)
        print(f'{name:24}{cost.seconds:9.1f}{cost.processor_seconds:9.1f}', end='', flush=True)


def main() -> int:
    said = _arguments()
    paths = photos(said.images)
    with tempfile.TemporaryDirectory() as name:
        archive = _archive(Path(name), paths, said)
        model = ('--model', str(_other_model(archive.scratch / 'another-model')))
        _full(archive, 'last night')
        _full(archive, 'last night, --crops', '--crops')
        _change(archive.folder, paths, said)
        _full(archive, 'full')
        _full(archive, 'full, new model', *model)
        equal = [_take_over(archive, night) for night in _nights(model)]
    return int(not all(equal))


def _archive(scratch: Path, paths: list[Path], said: argparse.Namespace) -> Archive:
    archive = Archive(scratch, scratch / 'archive', startup(scratch, paths[0], said.side))
    make_archive(archive.folder, paths, said.count, said.side)
    for path in archive.folder.rglob('*.jpg'):
        make_old(path, HOUR)
    start = archive.startup
    print(f'{said.count} photos of {said.side}x{said.side}, {said.changed:.1%} changed')
    print(f'start-up {start.seconds:.1f} s, {start.processor_seconds:.1f} processor seconds')
    print(f'{"run":24}{"s":>9}{"proc. s":>9}{"share":>9}{"proc. share":>13}{"parts linked":>14}   bytes')
    return archive


def _nights(model: tuple[str, ...]) -> list[Night]:
    return [
        Night('changed', 'full', 'last night'),
        Night('unchanged', 'full', 'full'),
        Night('changed, new model', 'full, new model', 'last night', model),
        Night('the same, kept crops', 'full, new model', 'last night, --crops', model),
        Night('unchanged, new model', 'full, new model', 'full', model),
    ]


def _full(archive: Archive, name: str, *words: str) -> None:
    archive.run(name, *words)
    print()


def _take_over(archive: Archive, night: Night) -> bool:
    """Runs and prints one night; tells whether its bytes are those of the full run."""
    new, full, previous = (archive.scratch / name for name in (night.name, night.full, night.previous))
    archive.run(night.name, '--previous', str(previous), *night.words)
    cost, whole = (archive.costs[name].over(archive.startup) for name in (night.name, night.full))
    clock, processor = cost.seconds / whole.seconds, cost.processor_seconds / whole.processor_seconds
    equal = content(new) == content(full)
    print(f'{clock:9.1%}{processor:13.1%}{_linked(new, previous):>14}   {"equal" if equal else "DIFFERENT"}', flush=True)
    return equal


def _linked(snapshot: Path, previous: Path) -> str:
    """How many of a snapshot's parts are the earlier one's files."""
    parts = [part.relative_to(snapshot) for part in snapshot.glob('*/part-*.parquet') if part.parent.name != 'plan']
    linked = [(previous / part).exists() and (snapshot / part).samefile(previous / part) for part in parts]
    return f'{sum(linked)} of {len(parts)}'


def _change(folder: Path, paths: list[Path], said: argparse.Namespace) -> None:
    """Replaces the content of some photos; they changed after the first run, and before the next by more than a clock's tick."""
    files = sorted(folder.rglob('*.jpg'))
    for number, path in enumerate(files[:: round(1 / said.changed)], len(files)):
        path.write_bytes(numbered(small_photo(paths[number % len(paths)], number, said.side), number))
        make_old(path, HOUR // 2)


def _other_model(folder: Path) -> Path:
    """The default package under another name."""
    shutil.copytree(find('default').folder, folder)
    replace(ModelPackage.load(folder), name='another').write_manifest()
    return folder


def _arguments() -> argparse.Namespace:
    made = parser(__doc__)
    made.add_argument('--count', type=int, default=10_000)
    made.add_argument('--changed', type=float, default=0.01, help='share of the photos that changed')
    made.add_argument('--side', type=int, default=480, help='of the photos, in pixels; the larger, the smaller the shares')
    return made.parse_args()


if __name__ == '__main__':
    sys.exit(main())
