"""What `mien build` costs: faces that are cut already, a night without change, photos beside `mien label`; and reading the records.

    python -m benchmarks.build FOLDER [--rounds 3]

FOLDER holds fer2013-training.tar, fer2013-public-test.tar, fer2013-labels.csv, portraits.tar and portraits-labels.csv. Start-up is a build
of twenty faces. Exit status 1 where a build with `--previous` gives other bytes than the one it takes over. The last lines are those of
`benchmarks.input_speed` on the records.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from tests.snapshots import content

from .archive import HOUR, make_old
from .compare import print_ratio
from .tree import Usage, measure


def main() -> int:
    said = _arguments()
    with tempfile.TemporaryDirectory() as name:
        scratch, data = Path(name), Path(said.folder)
        equal = _faces(scratch, data)
        _portraits(scratch, data, said.rounds)
        command = [sys.executable, '-m', 'benchmarks.input_speed', str(scratch / 'full'), '--rounds', str(said.rounds)]
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    return int(not equal)


def _faces(scratch: Path, data: Path) -> bool:
    """FER2013 whole, and once more with nothing changed; tells whether that gives the same bytes."""
    labels = ('--labels', str(data / 'fer2013-labels.csv'), '--config', 'fer2013_ferplus')
    few = _few(scratch / 'few', data / 'fer2013-training.tar', 20)
    start = _mien('build', [few], scratch / 'start', *labels, '--reject-ceiling', '1')
    inputs = [_few(scratch / name, data / f'{name}.tar') for name in ('fer2013-training', 'fer2013-public-test')]
    for path in scratch.rglob('*.png'):
        make_old(path, HOUR)
    full = _mien('build', inputs, scratch / 'full', *labels)
    again = _mien('build', inputs, scratch / 'again', *labels, '--previous', str(scratch / 'full'))
    _say('start-up of a build', start)
    _say('FER2013, 32,118 faces', full)
    _say('  over start-up', full.over(start))
    _say('again with --previous', again)
    print(f'{"  share of the first, start-up and all":40}{again.seconds / full.seconds:9.1%}')
    return content(scratch / 'full') == content(scratch / 'again')


def _portraits(scratch: Path, data: Path, rounds: int) -> None:
    """Portraits, detected and cut, by `mien build` and by `mien label`, one after the other."""
    portraits, few = data / 'portraits.tar', _few(scratch / 'few-portraits', data / 'portraits.tar', 20)
    build = ('--labels', str(data / 'portraits-labels.csv'), '--config', 'portraits', '--reject-ceiling', '1')
    ratios = []
    for number in range(rounds):
        costs = {}
        for job, words in (('label', ()), ('build', build)):
            start = _mien(job, [few], scratch / f'{job}-start-{number}', *words)
            costs[job] = _mien(job, [portraits], scratch / f'{job}-{number}', *words).over(start)
            _say(f'portraits by mien {job}, over start-up', costs[job])
        ratios.append(costs['label'].processor_seconds / costs['build'].processor_seconds)
    print_ratio('speed of build, of that of label', ratios)


def _mien(job: str, inputs: list[Path], out: Path, *more: str) -> Usage:
    return measure([sys.executable, '-m', 'mien.pipelines.cli', job, *map(str, inputs), '--out', str(out), *more])


def _few(folder: Path, archive: Path, count: int | None = None) -> Path:
    """The first members of an archive, by default all, as a folder."""
    with tarfile.open(archive) as tar:
        for member in [member for member in tar if member.isfile()][:count]:
            tar.extract(member, folder, filter='data')
    return folder


def _say(name: str, usage: Usage) -> None:
    print(f'{name:40}{usage.seconds:8.1f} s {usage.processor_seconds:8.1f} processor seconds {usage.peak_bytes / 1e6:8.0f} MB', flush=True)


def _arguments() -> argparse.Namespace:
    made = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    made.add_argument('folder', help='the archives and their labels')
    made.add_argument('--rounds', type=int, default=3, help='of the portraits; default: 3')
    return made.parse_args()


if __name__ == '__main__':
    sys.exit(main())
