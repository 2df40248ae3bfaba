"""Holds a build's config against itself: what a schema of single values cannot see."""

from __future__ import annotations

import re

from ..configs.errors import UsageError
from ..configs.load import suggestion
from ..configs.schema import CLASSES, SPLITS, BuildConfig

NAME = re.compile(r'[a-zA-Z]\w*', re.ASCII)  # what TFDS takes for a dataset's name


def check(config: BuildConfig) -> None:
    """Raises UsageError where a config contradicts itself."""
    if not NAME.fullmatch(config.name):
        raise UsageError(f'name {config.name!r}: must be a letter, then letters, digits and _: record files begin with it')
    _check_classes(config)
    _check_map('label_map', config.label_map, CLASSES)
    _check_map('split_map', config.split_map, SPLITS)
    if len(config.box_columns) not in (0, 4):
        raise UsageError(f'box_columns {list(config.box_columns)}: must be four columns, of x, y, width and height, or none')
    _check_columns(config)


def columns(config: BuildConfig) -> list[str]:
    """The columns that a config wants of a labels file."""
    label = [] if config.votes else [config.label_column]
    single = [config.image_column, *label, config.split_column, config.subject_column, config.face_id_column]
    wanted = [*single, *config.box_columns, *config.votes.values()]
    return list(dict.fromkeys(column for column in wanted if column is not None))


def _check_classes(config: BuildConfig) -> None:
    twice = sorted({name for name in config.classes if config.classes.count(name) > 1})
    if twice or not config.classes:
        raise UsageError(f'classes {list(config.classes)}: {"names " + ", ".join(twice) + " twice" if twice else "name at least one"}')
    voteless = [name for name in config.classes if config.votes and name not in config.votes]
    if voteless:
        raise UsageError(f'votes {list(config.votes)}: none for {", ".join(voteless)}; give every class its column or take it from classes')


def _check_map(key: str, names: dict[str, str], known: tuple[str, ...]) -> None:
    for found, name in names.items():
        if name not in known:
            raise UsageError(f'{key}: {found!r} becomes {name!r}{suggestion(name, list(known))}; must be one of {", ".join(known)}')


def _check_columns(config: BuildConfig) -> None:
    if config.labels is not None:
        if config.label_column is None and not config.votes:
            raise UsageError(f'labels {config.labels!r}: neither label_column nor votes says what its labels are; set one')
        return
    asked = [key for key in ('split_column', 'subject_column', 'face_id_column', 'box_columns', 'votes') if getattr(config, key)]
    if asked:
        raise UsageError(f'{", ".join(asked)}: set, but there is no labels file that could have them; say --labels FILE')
