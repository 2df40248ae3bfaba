"""The Python of the workers: mien out of a wheel, its dependencies from the development environment, and nothing of the checkout."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from dataclasses import dataclass
from pathlib import Path

SEEN_AS = '/mnt/worker/packages'  # where a host sees the dependencies
KEPT = 10


@dataclass(frozen=True)
class WorkerEnvironment:
    """A virtual environment without a path of its own, and the packages that it shares."""

    venv: Path
    packages: Path


def worker_environment(checkout: Path, folder: Path) -> WorkerEnvironment:
    """Builds it in a folder, under a name that the files of the checkout give, or takes what stands there under that name.

    Another test run may use another one at the same time, so none is changed; the newest few are kept.

    The path file has a plain line: of the shared packages nothing but the folder counts, and no path file in there, so that
    the editable mien of the development environment stays out.
    """
    files = source_files(checkout)
    venv = folder / 'workers' / _digest(checkout, files)[:12]
    if not venv.is_dir():
        unfinished = venv.with_suffix(f'.{os.getpid()}')
        _build(checkout, files, unfinished)
        with contextlib.suppress(OSError):  # another test run was quicker
            unfinished.rename(venv)
        _remove_old(venv.parent)
    return WorkerEnvironment(venv, Path(sysconfig.get_path('purelib')))


def _remove_old(folder: Path) -> None:
    by_age = sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime)
    for path in by_age[:-KEPT]:
        shutil.rmtree(path, ignore_errors=True)


def source_files(checkout: Path) -> list[Path]:
    """What the repository holds or would hold, below the checkout, that a wheel is made of."""
    words = ['git', 'ls-files', '--cached', '--others', '--exclude-standard', '-z', '--deduplicate']
    names = subprocess.run(words, cwd=checkout, check=True, capture_output=True, text=True).stdout.split('\0')[:-1]
    paths = [Path(name) for name in names if not name.startswith(('tests/', 'docs/', 'benchmarks/', '.'))]
    return sorted(path for path in paths if (checkout / path).is_file())


def _digest(checkout: Path, files: list[Path]) -> str:
    digest = hashlib.sha256(f'{sys.version} {sys.prefix}'.encode())
    for path in files:
        digest.update(f'{path}\0{hashlib.sha256((checkout / path).read_bytes()).hexdigest()}\n'.encode())
    return digest.hexdigest()


def _build(checkout: Path, files: list[Path], venv: Path) -> None:
    with tempfile.TemporaryDirectory() as name:
        sources, wheels = Path(name, 'sources'), Path(name, 'wheels')
        for path in files:
            (sources / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(checkout / path, sources / path)
        _pip('wheel', '--no-deps', '--no-build-isolation', '-w', str(wheels), str(sources))
        (wheel,) = wheels.glob('*.whl')
        _run(sys.executable, '-m', 'venv', '--clear', '--without-pip', str(venv))
        _pip('--python', str(venv / 'bin' / 'python'), 'install', '--no-deps', str(wheel))
    (site,) = venv.glob('lib/python*/site-packages')
    (site / 'shared.pth').write_text(f'{SEEN_AS}\n')


def _pip(*words: str) -> None:
    _run(sys.executable, '-m', 'pip', '--disable-pip-version-check', '--quiet', *words)


def _run(*words: str) -> None:
    subprocess.run(words, check=True)
