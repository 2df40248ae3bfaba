"""Snapshots that a test compares, and what it asks of their difference."""

import dataclasses
from pathlib import Path

from mien.configs.load import load
from mien.configs.schema import BuildConfig
from mien.pipelines.build import build
from mien.pipelines.changes import Change
from mien.pipelines.diff import Diff, Limits, diff
from mien.pipelines.runners import Run

BUILD = dataclasses.replace(load(BuildConfig, 'build'), whole_image=True, crop_size=32, validation_share=0.2, test_share=0.2)


def build_into(out: Path, inputs: Path, **values: object) -> Path:
    build([str(inputs)], str(out), dataclasses.replace(BUILD, **values), Run())
    return out


def compared(old: Path, new: Path, **limits: float) -> Diff:
    return diff(str(old), str(new), Limits(**limits))


def uris(change: Change) -> list[str]:
    return [named.uri for named in change.named]


def counts(found: Diff) -> dict[str, int]:
    """The changes that there are."""
    changes = {name: value.count for name, value in vars(found.changes).items() if name != 'affected'}
    return {name: count for name, count in changes.items() if count}
