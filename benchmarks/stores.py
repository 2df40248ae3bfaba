"""An S3 server on this machine: objects fetched one after the other and by threads, beside boto3; a long listing.

    python -m benchmarks.stores VERSITYGW [--objects 2000] [--size 60000] [--listed 100000] [--folders 100]

VERSITYGW is the server's program (`make engines` puts it into `.engines/bin`). Processor time is this process's, not the server's.
Rounds take turns, and the best of each is printed, since the machine is shared.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import boto3

from mien.storage import tree
from mien.storage.check import check
from mien.storage.files import Fetch, fetch_each, listing, write_each
from mien.storage.path import StorePath

ADDRESS, BUCKET, ROUNDS, THREADS = '127.0.0.1:7099', 'benchmark', 3, 16
KEYS = {'AWS_ACCESS_KEY_ID': 'key', 'AWS_SECRET_ACCESS_KEY': 'secret', 'AWS_REGION': 'us-east-1', 'AWS_ENDPOINT_URL': f'http://{ADDRESS}'}
HERE = StorePath('s3', BUCKET, 'objects')


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('versitygw', help="the server's program")
    parser.add_argument('--objects', type=int, default=2000)
    parser.add_argument('--size', type=int, default=60_000, help='bytes of an object')
    parser.add_argument('--listed', type=int, default=100_000, help='keys of the listing')
    parser.add_argument('--folders', type=int, default=100, help='that they lie in')
    said = parser.parse_args()
    os.environ.update(KEYS)
    with tempfile.TemporaryDirectory() as scratch, _server(said.versitygw, Path(scratch)):
        _fetch(said.objects, said.size)
        _list(Path(scratch), said.listed, said.folders)


def _fetch(count: int, size: int) -> None:
    write_each((HERE / f'{number}.jpg', os.urandom(size)) for number in range(count))
    keys = [f'{HERE.key}/{number}.jpg' for number in range(count)]
    ways: dict[str, Callable[[], int]] = {
        'boto3': lambda: _boto3(keys, 1),
        'mien': lambda: sum(len((HERE.parent / key).read_bytes()) for key in keys),
        f'boto3, {THREADS} threads': lambda: _boto3(keys, THREADS),
        f'mien, {THREADS} threads': lambda: sum(len(one.data) for one in fetch_each(Fetch(HERE.parent / key, size, size) for key in keys)),
    }
    best: dict[str, tuple[float, float]] = {}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            took = _timed(way, count * size)
            best[name] = min(best.get(name, took), took)
    for name, (seconds, processor) in best.items():
        print(f'{name:22} {count / seconds:8,.0f} objects/s {processor / count * 1000:8.2f} ms of processor an object')


def _boto3(keys: list[str], threads: int) -> int:
    client = boto3.client('s3', config=boto3.session.Config(max_pool_connections=threads))
    with ThreadPoolExecutor(threads) as pool:
        return sum(pool.map(lambda key: len(client.get_object(Bucket=BUCKET, Key=key)['Body'].read()), keys))


def _list(scratch: Path, count: int, folders: int) -> None:
    for folder in range(folders):
        place = scratch / BUCKET / 'listed' / f'{folder:04d}'
        place.mkdir(parents=True)
        for number in range(count // folders):
            (place / f'{number:06d}.jpg').write_bytes(b'x')
    for name, alone in (('one thread', count), (f'{tree.THREADS} threads', tree.ALONE)):
        tree.ALONE = alone
        seconds, processor = _timed(lambda: sum(1 for _ in listing(f's3://{BUCKET}/listed')), count)
        print(f'listing, {name:13} {count / seconds:8,.0f} keys/s    {processor / count * 1000:8.3f} ms of processor a key')
    print(f'peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB')


def _timed(work: Callable[[], int], expected: int) -> tuple[float, float]:
    start, processor = time.perf_counter(), time.process_time()
    assert work() == expected
    return time.perf_counter() - start, time.process_time() - processor


@contextmanager
def _server(program: str, folder: Path) -> Iterator[None]:
    environment = os.environ | {'ROOT_ACCESS_KEY': KEYS['AWS_ACCESS_KEY_ID'], 'ROOT_SECRET_KEY': KEYS['AWS_SECRET_ACCESS_KEY']}
    (folder / BUCKET).mkdir()
    with subprocess.Popen(
        [program, '--port', ADDRESS, 'posix', str(folder)], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            check(StorePath('s3', BUCKET))
            yield
        finally:
            process.terminate()


if __name__ == '__main__':
    main()
