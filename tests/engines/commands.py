"""`mien` at the terminal, with an engine and a store behind it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.engines.archive import BUCKET
from tests.engines.s3_server import S3Server
from tests.processes import mien, wait_for


@dataclass(frozen=True)
class Ran:
    """How a command ended.

    Attributes:
        seconds: on the clock, start-up and all.
    """

    status: int
    said: str
    seconds: float


@contextmanager
def started(words: list[str], store: S3Server) -> Iterator[subprocess.Popen[str]]:
    """A command that runs, with nothing of this machine's own settings for stores; it ends with the body at the latest."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(('AWS_', 'GOOGLE_'))}
    streams = {'stdout': subprocess.PIPE, 'stderr': subprocess.STDOUT, 'text': True}
    with subprocess.Popen(words, env=clean | store.environment, start_new_session=True, **streams) as process:
        try:
            yield process
        finally:
            kill(process)


def kill(process: subprocess.Popen[str]) -> None:
    """Ends a command and its children by SIGKILL."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def run(words: list[str], store: S3Server, seconds: float = 400) -> Ran:
    """A command to its end."""
    before = time.monotonic()
    with started(words, store) as process:
        said, _ = process.communicate(timeout=seconds)
    return Ran(process.returncode, said, time.monotonic() - before)


def label(inputs: str, out: str, shards: int, *words: str) -> list[str]:
    """`mien label` on a folder of the archive, into a folder of the same bucket."""
    return mien('label', f's3://{BUCKET}/{inputs}', '--out', f's3://{BUCKET}/{out}', '--shards', shards, *words)


def said(store: S3Server, out: str, name: str = 'snapshot.json') -> dict[str, Any]:
    """What a snapshot of the bucket says of itself, read by another client than mien's."""
    return dict(json.loads(bytes(store.bucket(BUCKET).get(f'{out}/{name}').bytes())))


def files(folder: Path) -> dict[str, str]:
    """SHA-256 of a local snapshot's files."""
    return dict(json.loads((folder / 'snapshot.json').read_text())['files'])


def leftovers(store: S3Server, out: str) -> list[str]:
    """What lies below an output that its snapshot does not name."""
    named = {*said(store, out)['files'], 'snapshot.json', 'run.json'}
    below = [key.removeprefix(f'{out}/') for key in store.keys(BUCKET, f'{out}/')]
    return [name for name in below if name not in named and not name.startswith('plan/')]


def done(store: S3Server, out: str) -> int:
    """How many shards of an unfinished run have their marker."""
    return len(store.keys(BUCKET, f'{out}/_work/partial/_work/done/'))


def worked(store: S3Server, out: str) -> str:
    """A host that has done a shard of an unfinished run."""
    key = store.keys(BUCKET, f'{out}/_work/partial/_work/done/')[0]
    return str(json.loads(bytes(store.bucket(BUCKET).get(key).bytes()))['host'])


def await_done(store: S3Server, out: str, number: int = 1, seconds: float = 200) -> None:
    """Waits until so many shards are done."""
    assert wait_for(lambda: done(store, out) >= number, seconds), f'{out}: {done(store, out)} of {number} shards done'
