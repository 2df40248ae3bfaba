"""Looks for bytes that break the way from a file to its crops, for a bounded time; the search runs in a process that may die of them.

    python -m tests.fuzz [--seconds N] [--findings FOLDER]

Exit status 1 where something was found. Each finding is a file: `crash-` (an exception, or the process died), `timeout-`, `oom-`
(out of memory) or `slow-unit-` (took seconds); to see it again: python -m tests.fuzz.target FILE
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.fuzz.seeds import seeds

LONGEST = 1 << 16  # bytes of an input
SLOW, TOO_SLOW = 1, 10  # seconds of an input of at most a megapixel
MEMORY = 2000  # megabytes of the process
MOST = 10  # findings after which the search ends
SHOWN = 1 << 10  # bytes up to which a finding is printed


def main() -> int:
    said = _arguments()
    findings = Path(said.findings or tempfile.mkdtemp(prefix='fuzz-'))
    findings.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as corpus, (findings / 'log').open('wb+') as log:
        for data in seeds():
            Path(corpus, hashlib.sha256(data).hexdigest()).write_bytes(data)
        until = time.monotonic() + said.seconds
        while (left := round(until - time.monotonic())) > 0 and len(_found(findings)) < MOST:
            ended = subprocess.run(_command(corpus, findings, left), stdout=log, stderr=log, check=False)
            print(_last(log.name, b'DONE' if ended.returncode == 0 else b'#') or 'the search did not start', flush=True)
            if not any(path.stat().st_mtime for path in _found(findings)) and ended.returncode:
                return _failed(Path(log.name))
    return _report(_found(findings), findings)


def _command(corpus: str, findings: Path, seconds: int) -> list[str]:
    limits = [f'-max_total_time={seconds}', f'-max_len={LONGEST}', f'-timeout={TOO_SLOW}', f'-rss_limit_mb={MEMORY}']
    where = [f'-artifact_prefix={findings}/', f'-report_slow_units={SLOW}', '-close_fd_mask=2', corpus]
    return [sys.executable, '-m', 'tests.fuzz.target', *limits, *where]


def _found(findings: Path) -> list[Path]:
    return sorted(path for path in findings.iterdir() if path.name != 'log')


def _last(path: str, mark: bytes) -> str:
    """The last line of libFuzzer's that holds a mark: how many inputs it tried, how many lines they reached."""
    lines = [line for line in Path(path).read_bytes().splitlines() if mark in line and b'cov:' in line]
    return lines[-1].decode(errors='replace') if lines else ''


def _failed(log: Path) -> int:
    print(log.read_bytes()[-2000:].decode(errors='replace'))
    return 1


def _report(found: list[Path], findings: Path) -> int:
    print(f'{len(found)} findings{f" in {findings}, why in its log" if found else ""}')
    for path in found:
        data = path.read_bytes()
        print(f'{path}: {len(data)} bytes', base64.b64encode(data).decode() if len(data) <= SHOWN else '')
    return int(bool(found))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--seconds', type=int, default=60)
    parser.add_argument('--findings', help='folder for the inputs that broke something; default: a new temporary one')
    return parser.parse_args()


if __name__ == '__main__':
    sys.exit(main())
