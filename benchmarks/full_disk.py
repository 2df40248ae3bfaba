"""`mien label` on a disk that is full one page later each time, so that each file it writes meets a full disk; then room is made."""

from __future__ import annotations

import errno
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from tests.generated import make_photos
from tests.processes import done, finished_stamps, lines, mien, stamps
from tests.small_disk import small_disk
from tests.snapshots import content

PAGE = 4  # kilobytes
STAGES = (
    *('_work/lock', '_work/recipe.json', '_work/listing', 'plan/part', 'plan/listed.json', 'images', 'faces', 'labels'),
    *('_work/done', 'plan/unsettled.json', 'run.json', 'snapshot.json', 'the rename'),
)
NO_RENAME = f"""
import os, sys
def full(source, target):
    raise OSError({errno.ENOSPC}, 'No space left on device', str(source), None, str(target))
os.rename = full
from mien.pipelines.cli import main
sys.exit(main())
"""


def full_at_every_stage(scratch: Path) -> list[str]:
    """Prints a line for each time that the disk was full; gives what must not have happened."""
    photos, disk = make_photos(scratch / 'few', 4), scratch / 'disk'
    options = ('label', photos, '--out', disk / 'out', '--whole-image', '--shards', 2)
    with small_disk(disk, 65536):
        subprocess.run(mien(*options), check=True, capture_output=True)
        calm = content(disk / 'out')
    wrong, seen = [], []
    for kilobytes, words in _disks(mien(*options)):
        with small_disk(disk, kilobytes) as mounted:
            (disk / 'full').write_bytes(bytes(PAGE << 10))
            run = subprocess.run(words, capture_output=True, text=True)
            if run.returncode == 0:
                break
            before, kept = len(done(disk / 'out')), finished_stamps(disk / 'out')
            mounted.resize()
            after = subprocess.run(mien(*options), capture_output=True, text=True)
            again = sorted(kept.items() - stamps(disk / 'out').items())
            equal = after.returncode == 0 and content(disk / 'out') == calm
        stage = _stage(run, disk / 'out', words)
        seen.append(stage)
        said = lines(run.stderr)[-1].replace(f'{disk}/', '')
        room = f'exit status {after.returncode}, {"equal" if equal else "DIFFERENT"}, done again: {again or "none"}'
        print(f'full at {stage:32} exit status {run.returncode}, said: {said!r}; {before} of 2 shards done; with room: {room}', flush=True)
        good = run.returncode == 1 and len(lines(run.stderr)) == 1 and equal and not again
        wrong += [] if good else [f'disk full at {stage}']
    return wrong + [f'{stage} never met a full disk' for stage in STAGES if not any(met.startswith(stage) for met in seen)]


def _disks(words: list[str]) -> Iterator[tuple[int, list[str]]]:
    """Kilobytes and command: a rename that finds no room is told to, as a tmpfs has room for names; then one page more each time."""
    yield 65536, [sys.executable, '-c', NO_RENAME, *words[words.index('label') :]]
    for pages in count(1):
        yield PAGE * pages, words


def _stage(run: subprocess.CompletedProcess[str], out: Path, words: list[str]) -> str:
    if NO_RENAME in words:
        return 'the rename'
    found = re.search(rf'\({re.escape(str(out))}\.partial/(.+?)\)', run.stderr)
    return found[1] if found else 'no file that is named'
