"""mien models: what can label, and what can be trained."""

from __future__ import annotations

from ..models.architectures.registry import ARCHITECTURES, transferable
from ..models.compare.texts import megabytes
from ..models.compare.told import read
from ..models.package import INSTALLED, ModelPackage, installed
from ..models.quiet import stderr_kept

OWN = 'MODULE:FUNCTION of your own, or a Keras file (.keras, .h5)'


def listing() -> str:
    """A line per installed package, and the known architectures."""
    packages = {name: ModelPackage.load(INSTALLED / name) for name in installed()}
    chapters = {
        'installed packages:': [f'{name:12}{describe(package)}' for name, package in packages.items()],
        'architectures:': sorted(ARCHITECTURES),
        'architectures of Keras Applications:': _of_keras(),
        'or': [OWN],
    }
    return '\n'.join(line for title, entries in chapters.items() for line in (title, *(f'  {entry}' for entry in entries)))


def describe(package: ModelPackage) -> str:
    """What a package is, and what it says of itself, in one line."""
    told = read(package.folder)
    trained_on = f' of {told.dataset.split("@")[0]}' if told.dataset else ''
    figures = [
        f'{len(package.classes)} classes{trained_on}',
        f'{told.accuracy:.1%} on test' if told.accuracy is not None else '',
        megabytes(package.export_path.stat().st_size),
        f'{told.faces_per_second:,.0f} faces a second' if told.faces_per_second is not None else '',
    ]
    return f'{package.id}: {package.architecture}, {", ".join(filter(None, figures))}'


def _of_keras() -> list[str]:
    with stderr_kept():
        return transferable()
