"""Maps the top-level rooms to `mien.<room>`; everything else stands in pyproject.toml.

Beam stages this file with `--setup_file ./setup.py`: the source archive that it makes carries configs, default model
and package data to workers that have nothing.
"""

from setuptools import find_packages, setup

ROOMS = ('configs', 'storage', 'transforms', 'models', 'pipelines')

setup(
    packages=[f'mien.{package}' for package in find_packages(include=[pattern for room in ROOMS for pattern in (room, f'{room}.*')])],
    package_dir={f'mien.{room}': room for room in ROOMS},
)
