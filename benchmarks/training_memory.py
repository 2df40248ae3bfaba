"""Whether memory stays flat over the epochs of `mien train`: its resident memory as each epoch ends.

    python -m benchmarks.training_memory DATASET [--architecture NAME] [--epochs N] [-- OPTION...]

What stands after -- is handed to `mien train`. Exit status 1 where the last epoch's memory is more than 1.1 times that of the second.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

LIMIT = 1.1
MEGA = 1_000_000
EPOCH = re.compile(r'epoch (\d+)/')


def main() -> int:
    said, options = _arguments()
    sizes = []
    for epoch, size in _sizes(said.dataset, said.architecture, said.epochs, options):
        sizes.append(size)
        print(f'epoch {epoch:3}  {size:8.1f} MB', flush=True)
    ratio = sizes[-1] / sizes[1]
    print(f'{said.architecture}, epoch {len(sizes)} to epoch 2: {ratio:.3f} (limit {LIMIT})')
    return int(ratio > LIMIT)


def _arguments() -> tuple[argparse.Namespace, list[str]]:
    words = sys.argv[1:]
    words, options = (words[: words.index('--')], words[words.index('--') + 1 :]) if '--' in words else (words, [])
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('dataset', help='what `mien build` wrote')
    parser.add_argument('--architecture', default='mini_xception', help='default: mini_xception')
    parser.add_argument('--epochs', type=int, default=8, help='three or more (default: 8)')
    return parser.parse_args(words), options


def _sizes(dataset: str, architecture: str, epochs: int, options: list[str]) -> Iterator[tuple[int, float]]:
    """(number of the epoch, megabytes) as each ends."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, '-u', '-m', 'mien.pipelines.cli', 'train', dataset, '--architecture', architecture]
        command += ['--epochs', str(epochs), '--out', str(Path(folder, 'package')), *options]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            for line in process.stdout:
                if found := EPOCH.match(line):
                    yield int(found[1]), _resident(process.pid)
        if process.returncode:
            raise SystemExit(f'mien train ended with status {process.returncode}')


def _resident(process: int) -> float:
    status = Path(f'/proc/{process}/status').read_text()
    return 1024 * int(re.search(r'VmRSS:\s+(\d+)', status)[1]) / MEGA


if __name__ == '__main__':
    sys.exit(main())
