"""A log of faults: one job killed again and again, and a disk that is full at every stage; what is lost by it, byte by byte.

    python -m benchmarks.faults [--images FOLDER] [--count N] [--kills N] [--workers N] [--seed N]

A kill meets a process at random (the main one, a child that extracts faces, or the whole tree) at a random moment; then the same command
goes on. The job's result is compared with that of a run that nobody disturbed: all files but plan/ and run.json. For a full disk a tmpfs
is mounted, which only root may. Exit status 1 where anything differs, a finished shard was done again, or a process stayed behind.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import cv2

from tests.processes import children, done, finished_stamps, left_over, lines, mien, stamps, wait_for
from tests.small_disk import NotPermitted
from tests.snapshots import content

from .compare import fitted, photos
from .full_disk import full_at_every_stage

KILLERS = (signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT)  # of a child; the others have no say in it
STARTUP = 2.5  # seconds


@dataclass
class Job:
    """One job, and what is known of its finished shards.

    Attributes:
        stamps: when each part of a finished shard was written.
        wrong: what must not have happened.
    """

    words: list[str]
    out: Path
    shards: int
    stamps: dict[str, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def start(self) -> subprocess.Popen[str]:
        return subprocess.Popen(self.words, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    def again(self) -> str:
        """Finished shards that were done again since the last look, but for photos that get their second try."""
        now = stamps(self.out) or finished_stamps(self.out)
        changed = sorted(name for name, stamp in self.stamps.items() if now.get(name) != stamp)
        self.wrong += [f'{name} was done again' for name in changed]
        self.stamps |= {name: stamp for name, stamp in finished_stamps(self.out).items() if name[-22:-17] not in self._doubtful()}
        return ', '.join(changed) or 'none'

    def _doubtful(self) -> set[str]:
        said = [json.loads(path.read_text()) for path in done(self.out)]
        return {f'{marker["shard"]:05d}' for marker in said if marker['doubtful'] and not marker['second']}


def main() -> int:
    said = _arguments()
    with tempfile.TemporaryDirectory() as scratch:
        folder = _images(Path(scratch, 'in'), said)
        shards = 1 << (3 * said.kills).bit_length()
        calm, job = (_job(folder, Path(scratch, name), shards, said.workers) for name in ('calm', 'out'))
        _to_its_end(calm, None)
        _kill_again_and_again(job, said.kills, random.Random(said.seed))
        _compare(job, calm)
        try:
            wrong = job.wrong + full_at_every_stage(Path(scratch))
        except NotPermitted as error:
            wrong = job.wrong
            print(f'full disk: left out, as no tmpfs can be mounted here ({error})')
    print('lost: ' + ('; '.join(wrong) or 'nothing'))
    return int(bool(wrong))


def _kill_again_and_again(job: Job, kills: int, chance: random.Random) -> None:
    process, counts = None, dict.fromkeys(('main', 'child', 'tree'), 0)
    for number in range(1, kills + 1):
        process, before = process or job.start(), len(done(job.out))
        victim = chance.choice(tuple(counts))
        _wait(job, process, victim, chance)
        if process.poll() is not None:
            raise SystemExit(f'the job ended before kill {number} of {kills}; say a larger --count')
        counts[victim] += 1
        if victim == 'child':
            what, ended = _kill_child(job, process, chance.choice(KILLERS)), 'the run goes on'
        else:
            what, ended = _kill_run(job, process, victim)
            process = None
        print(f'kill {number:2} {what:38} {ended}; shards {before:2} -> {len(done(job.out)):2}; done again: {job.again()}', flush=True)
    print('killed: ' + ', '.join(f'{name} {number}' for name, number in counts.items()))
    _to_its_end(job, process)


def _wait(job: Job, process: subprocess.Popen[str], victim: str, chance: random.Random) -> None:
    """Waits for a random moment: in the start-up and the listing, or when some more shards are done; a child must be there to be killed."""
    if victim != 'child' and chance.random() < 0.3:
        return time.sleep(chance.uniform(0, STARTUP))
    enough = len(done(job.out)) + chance.randint(0, 3)
    wait_for(lambda: process.poll() is not None or (children(process.pid) and len(done(job.out)) >= enough))
    return time.sleep(chance.uniform(0, 0.1))


def _kill_child(job: Job, process: subprocess.Popen[str], killer: signal.Signals) -> str:
    """Kills one; the run must start another one and go on."""
    child = children(process.pid)[0]
    os.kill(child, killer)
    if not wait_for(lambda: process.poll() is not None or set(children(process.pid)) - {child}, 20) or process.poll():
        job.wrong.append(f'the run ended with its child: {process.poll()}')
    return f'a child by {killer.name}'


def _kill_run(job: Job, process: subprocess.Popen[str], victim: str) -> tuple[str, str]:
    """Kills the main process, or all at once; gives what was killed and how it ended."""
    tree = children(process.pid)
    process.kill() if victim == 'main' else os.killpg(process.pid, signal.SIGKILL)
    _, stderr = process.communicate()
    left = left_over(tree)
    job.wrong += [f'process {pid} stayed behind' for pid in left]
    ended = f'exit status {process.returncode}, said: {lines(stderr) or "nothing"}, left behind: {left or "nobody"}'
    return f'the {victim} ({len(tree)} children) by SIGKILL', ended


def _to_its_end(job: Job, process: subprocess.Popen[str] | None) -> None:
    """Lets a run end, or the same command once more."""
    before = len(done(job.out))
    process = process or job.start()
    _, stderr = process.communicate()
    if process.returncode:
        raise SystemExit(f'{" ".join(job.words)}: exit status {process.returncode}\n{stderr}')
    again = json.loads((job.out / 'run.json').read_text())['tried_again']
    said = f'exit status 0, said: {lines(stderr) or "nothing"}; shards {before} -> {job.shards}; done again: {job.again()}'
    print(f'{job.out.name}, to its end: {said}; photos that were tried again: {len(again)}', flush=True)


def _compare(job: Job, calm: Job) -> None:
    one, other = content(job.out), content(calm.out)
    different = sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))
    job.wrong += [f'{name} differs from the calm run' for name in different]
    print(f'{len(other)} files compared with the calm run byte by byte, {len(different)} differ: {different}')


def _job(folder: Path, out: Path, shards: int, workers: int) -> Job:
    return Job(mien('label', folder, '--out', out, '--shards', shards, '--workers', workers), out, shards)


def _images(folder: Path, said: argparse.Namespace) -> Path:
    """Photos of 640 x 480 pixels."""
    folder.mkdir()
    paths = photos(said.images)[: said.count]
    made = [cv2.imencode('.jpg', fitted(cv2.imread(str(path)), 640, 480))[1].tobytes() for path in paths]
    for number in range(said.count):
        (folder / f'{number:05d}.jpg').write_bytes(made[number % len(made)])
    return folder


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--images', help='folder of photos; default: portraits that installed packages carry')
    parser.add_argument('--count', type=int, default=1200)
    parser.add_argument('--kills', type=int, default=20)
    parser.add_argument('--workers', type=int, default=1)
    parser.add_argument('--seed', type=int, default=random.randrange(1 << 32), help='of the choice of victims and moments')
    said = parser.parse_args()
    print(f'seed {said.seed}')
    return said


if __name__ == '__main__':
    sys.exit(main())
