"""`mien label` over a folder of files that attack it: what became of each, and what it cost beyond a run over one tiny photo.

    python -m benchmarks.hostile [--pixels N] [--seconds N] [--workers N]

Exit status 1 where a status is another one than it may be, or the memory of the process tree grew by more than the limit.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import pyarrow.parquet as pq

from benchmarks.tree import Usage, measure
from tests.hostile import MEGA, make, saved

LIMIT = 1_500_000_000  # bytes over start-up


def main() -> int:
    said = _arguments()
    with tempfile.TemporaryDirectory() as scratch:
        tiny, corpus = Path(scratch, 'tiny'), Path(scratch, 'corpus')
        tiny.mkdir()
        corpus.mkdir()
        (tiny / 'tiny.png').write_bytes(saved('PNG'))
        expected = make(corpus, said.pixels)
        startup, hostile = (_labelled(folder, said) for folder in (tiny, corpus))
        wrong = _print_statuses(Path(f'{corpus}-out'), expected)
    _print_usage(startup, hostile.over(startup))
    return int(wrong or hostile.over(startup).peak_bytes > LIMIT)


def _labelled(folder: Path, said: argparse.Namespace) -> Usage:
    limits = ['--max-pixels', str(said.pixels), '--max-seconds', str(said.seconds), '--failure-ceiling', '1']
    words = ['label', str(folder), '--out', f'{folder}-out', '--workers', str(said.workers), '--shards', '4', *limits]
    return measure([sys.executable, '-m', 'mien.pipelines.cli', *words])


def _print_statuses(snapshot: Path, expected: dict[str, frozenset[str]]) -> bool:
    """Prints what became of each input; tells whether that is wrong for any."""
    found = {row['uri']: row for row in pq.read_table(snapshot / 'images', columns=['uri', 'status', 'detail']).to_pylist()}
    right = {uri: uri in found and found[uri]['status'] in statuses for uri, statuses in expected.items()}
    for uri, row in sorted(found.items(), key=lambda item: (item[1]['status'], item[0])):
        mark = '' if right.get(uri) else f'   <- expected {" or ".join(sorted(expected.get(uri, {"no such input"})))}'
        print(f'{row["status"]:14}{ascii(uri)[1:-1][:60]:62}{row["detail"] or ""}{mark}')
    print(f'{len(expected)} inputs, {len(found)} rows, {sum(right.values())} as expected')
    return not all(right.values()) or len(found) != len(expected)


def _print_usage(startup: Usage, more: Usage) -> None:
    print(f'start-up: {startup.seconds:.1f} s, {startup.peak_bytes / MEGA:,.0f} MB')
    print(f'over start-up: {more.seconds:.1f} s, {more.processor_seconds:.1f} processor seconds')
    print(f'over start-up: {more.peak_bytes / MEGA:,.0f} MB of memory (limit {LIMIT / MEGA:,.0f} MB)')


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--pixels', type=int, default=128 * MEGA, help='limit of pixels; the bombs stay just under it')
    parser.add_argument('--seconds', type=float, default=20.0, help='limit of processor seconds a photo')
    parser.add_argument('--workers', type=int, default=1)
    return parser.parse_args()


if __name__ == '__main__':
    sys.exit(main())
