"""What tests of `mien build` on some of FER2013 share."""

import dataclasses

from mien.configs.load import load
from mien.configs.schema import BuildConfig

FACES = 240


def configured(name: str = 'fer2013_ferplus', **values: object) -> BuildConfig:
    return dataclasses.replace(load(BuildConfig, 'build', name), **values)
