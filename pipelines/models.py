"""mien models: what can label, and what can be trained."""

from __future__ import annotations

from ..models.package import INSTALLED, ModelPackage, installed
from ..models.registry import names


def listing() -> str:
    """A line per installed package, and the known architectures."""
    packages = {name: ModelPackage.load(INSTALLED / name) for name in installed()}
    lines = [f'{name:12}{package.id}: {package.architecture}, {len(package.classes)} classes' for name, package in packages.items()]
    return '\n'.join(['installed packages:', *(f'  {line}' for line in lines), 'architectures:', *(f'  {name}' for name in names())])
