"""How long one waits: for `mien --help`, and for `mien label` of one photo, from the command to the finished snapshot.

    python -m benchmarks.startup [--rounds N]

The one photo's whole run is more than the time to the first image done, which cannot be seen from outside. The first round warms the disk.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

from .compare import cost, mien_label, photos


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--rounds', type=int, default=5)
    rounds, mien = parser.parse_args().rounds, str(Path(sys.executable).with_name('mien'))
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch, 'photos')
        folder.mkdir()
        (folder / photos(None)[0].name).symlink_to(photos(None)[0])
        commands = {'mien --help': lambda: [mien, '--help'], 'mien label, one photo': lambda: mien_label(folder, Path(scratch), shards=1)}
        for name, command in commands.items():
            seconds = [cost(command(), {0, 1}).clock for _ in range(rounds + 1)][1:]
            print(f'{name:24}{statistics.median(seconds):6.2f} s (from {min(seconds):.2f} to {max(seconds):.2f})')


if __name__ == '__main__':
    main()
