"""mien models: what can label, and what can be trained."""

from __future__ import annotations

import tempfile
from pathlib import Path

from ..models.architectures.registry import ARCHITECTURES, transferable
from ..models.package import INSTALLED, ModelPackage, installed
from ..models.quiet import stderr_kept

OWN = 'MODULE:FUNCTION of your own, or a Keras file (.keras, .h5)'


def listing() -> str:
    """A line per installed package, and the known architectures."""
    packages = {name: ModelPackage.load(INSTALLED / name) for name in installed()}
    lines = [f'{name:12}{package.id}: {package.architecture}, {len(package.classes)} classes' for name, package in packages.items()]
    chapters = {
        'installed packages:': lines,
        'architectures:': sorted(ARCHITECTURES),
        'architectures of Keras Applications:': _of_keras(),
        'or': [OWN],
    }
    return '\n'.join(line for title, entries in chapters.items() for line in (title, *(f'  {entry}' for entry in entries)))


def _of_keras() -> list[str]:
    with tempfile.TemporaryDirectory() as folder, stderr_kept(Path(folder, 'stderr')):
        return transferable()
