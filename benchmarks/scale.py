"""What an archive costs on a cluster: measured per photo and per shard on Flink with two hosts, reckoned for larger ones.

    python -m benchmarks.scale [--images FOLDER] [--photos 300,1500] [--shards 16,256] [--rounds N] [--latency S] [--core-hour USD]

Needs `make engines` and root: hosts are network namespaces, and all of them share this machine's cores with the engine and the store. A
photo costs what more photos add to the clock, times the cores; a shard what more shards of the same photos add.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import cv2

from mien.pipelines.plan import shard_count
from tests.engines.commands import run, said
from tests.engines.engines import Engine, on_flink
from tests.engines.hosts import CHECKOUT, ENGINES, network
from tests.engines.s3_server import s3_server
from tests.engines.worker_env import worker_environment
from tests.processes import mien

from .arguments import repeated
from .compare import photos

BUCKET, CORES = 'archive', 2
PLANNED = 75_000  # inputs a second: python -m benchmarks.plan
PAGE, LISTERS, COPIERS, READERS = 1000, 16, 32, 16  # keys a request; threads of the submitter
PARTS = 3  # files that a shard puts, and `finish` copies
REQUESTS = {'GET': 0.4e-6, 'PUT': 5e-6}  # USD each, as object stores have charged for years
SIZES, MACHINES = (1_000_000, 100_000_000, 1_000_000_000), (64, 512, 4096)


@dataclass(frozen=True)
class Costs:
    """What was measured, and what is assumed.

    Attributes:
        photo, shard: core seconds.
        start: seconds of a job without photos.
        latency: seconds that one request to a store far away takes.
        core_hour: USD.
    """

    photo: float
    shard: float
    start: float
    latency: float
    core_hour: float


@dataclass(frozen=True)
class Reckoned:
    """A run on paper; seconds.

    Attributes:
        alone: what the submitter does while the workers wait: listing, planning, moving into place.
        shared: what the cores share.
    """

    shards: int
    alone: dict[str, float]
    shared: float
    dollars: float

    @property
    def hours(self) -> float:
        """From start to snapshot."""
        return (sum(self.alone.values()) + self.shared) / 3600


def reckon(costs: Costs, inputs: int, cores: int) -> Reckoned:
    """A run over so many photos on so many cores."""
    shards = shard_count(inputs)
    alone = {
        'start': costs.start,
        'list': inputs / PAGE * costs.latency / LISTERS,
        'plan': inputs / PLANNED + shards * costs.latency / READERS,
        'finish': shards * costs.latency / READERS + shards * (PARTS + 1) * costs.latency / COPIERS,
    }
    waves = -(-shards // cores)  # the last wave is as long as a shard
    shared = waves * (inputs / shards * costs.photo + costs.shard)
    hours = (sum(alone.values()) + shared) / 3600 * cores
    requests = inputs * REQUESTS['GET'] + shards * (3 * PARTS + 6) * REQUESTS['PUT'] + inputs / PAGE * REQUESTS['PUT']
    return Reckoned(shards, alone, shared, hours * costs.core_hour + requests)


def table(costs: Costs) -> Iterator[str]:
    """Markdown."""
    yield '| photos | cores | shards | submitter alone | workers | together | USD |'
    yield '|---|---|---|---|---|---|---|'
    for inputs in SIZES:
        for cores in MACHINES:
            found = reckon(costs, inputs, cores)
            alone = ', '.join(f'{name} {_time(seconds)}' for name, seconds in found.alone.items())
            yield (
                f'| {inputs / 1e6:,.0f} million | {cores:,} | {found.shards:,} | {alone} | {_time(found.shared)} '
                f'| {_time(found.hours * 3600)} | {found.dollars:,.0f} |'
            )


def _time(seconds: float) -> str:
    return f'{seconds:.0f} s' if seconds < 100 else f'{seconds / 60:.0f} min' if seconds < 6000 else f'{seconds / 3600:.1f} h'


@contextmanager
def cluster(folder: Path) -> Iterator[Engine]:
    """Flink on two hosts, and a store."""
    with network(folder, worker_environment(CHECKOUT, ENGINES)) as hosts:
        store = s3_server(hosts.host('store'))
        store.make_bucket(BUCKET)
        with on_flink(hosts, store) as engine:
            yield engine


def seconds(engine: Engine, count: int, shards: int, name: str) -> float:
    """The time of a job over the first so many photos."""
    words = ['label', f's3://{BUCKET}/photos', '--out', f's3://{BUCKET}/{name}', '--limit', count, '--shards', shards]
    ran = run(mien(*words, *engine.words), engine.store)
    if ran.status:
        raise SystemExit(ran.said)
    print(f'{count} photos in {shards} shards: {ran.seconds:.1f} s, {said(engine.store, name, "run.json")["shards_by_host"]}', flush=True)
    return ran.seconds


def measure(engine: Engine, given: argparse.Namespace) -> Costs:
    """Runs rounds of three jobs, and takes the medians."""
    few, many = given.photos
    coarse, fine = given.shards
    shapes = {'few': (few, coarse), 'many': (many, coarse), 'fine': (few, fine)}
    rounds = [{name: seconds(engine, *shape, f'{name}-{number}') for name, shape in shapes.items()} for number in range(given.rounds)]
    photo = statistics.median((one['many'] - one['few']) / (many - few) * CORES for one in rounds)
    shard = statistics.median((one['fine'] - one['few']) / (fine - coarse) * CORES for one in rounds)
    start = statistics.median(one['few'] - (few * photo + coarse * shard) / CORES for one in rounds)
    return Costs(photo, shard, start, given.latency, given.core_hour)


def fill(engine: Engine, images: str | None, count: int) -> None:
    """Puts photos of 640x480 into the store."""
    paths, store = photos(images), engine.store.bucket(BUCKET)
    for number in range(count):
        image = cv2.resize(cv2.imread(str(paths[number % len(paths)])), (640, 480), interpolation=cv2.INTER_AREA)
        store.put(f'photos/{number:06d}.jpg', cv2.imencode('.jpg', image, [cv2.IMWRITE_JPEG_QUALITY, 85 - number % 7])[1].tobytes())


def main() -> None:
    made = repeated(__doc__ or '', 0, 3)
    pair = lambda text: tuple(int(part) for part in text.split(','))  # noqa: E731
    made.add_argument('--photos', type=pair, default=(300, 1500), help='few and many (default: 300,1500)')
    made.add_argument('--shards', type=pair, default=(16, 256), help='few and many (default: 16,256)')
    made.add_argument('--latency', type=float, default=0.05, help='seconds a request to a store takes elsewhere (default: 0.05)')
    made.add_argument('--core-hour', type=float, default=0.05, help='USD (default: 0.05)')
    given = made.parse_args()
    subprocess.run(['make', '--silent', 'engines'], cwd=CHECKOUT, check=True)
    with tempfile.TemporaryDirectory(prefix='mien-') as folder, cluster(Path(folder)) as engine:
        fill(engine, given.images, given.photos[1])
        before = time.monotonic()
        costs = measure(engine, given)
        print(f'measured in {time.monotonic() - before:.0f} s\n')
    print(f'a photo {costs.photo * 1000:.1f} ms of a core, a shard {costs.shard * 1000:.0f} ms, a job without photos {costs.start:.0f} s\n')
    print('\n'.join(table(costs)))


if __name__ == '__main__':
    main()
