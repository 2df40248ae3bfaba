"""Holds a build's config against itself: what a schema of single values cannot see."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from ..configs.errors import UsageError
from ..configs.load import suggestion
from ..configs.schema import CLASSES, DROP, SPLITS, BuildConfig, SourceConfig
from .collections import Collection

NAME = re.compile(r'[a-zA-Z]\w*', re.ASCII)  # what TFDS takes for a dataset's name
ONLY_OF_A_FILE = ('split_column', 'subject_column', 'face_id_column', 'box_columns', 'votes')


def check(config: BuildConfig, collections: Sequence[Collection]) -> None:
    """Raises UsageError where a config contradicts itself, or what one of its collections is."""
    if not NAME.fullmatch(config.name):
        raise UsageError(f'name {config.name!r}: must be a letter, then letters, digits and _: record files begin with it')
    _check_classes(config.classes)
    _check_sources(config, collections)
    for one in collections:
        _check_collection(one, config)
    _check_votes_are_there(config, collections)


def columns(config: SourceConfig) -> list[str]:
    """The columns that a source's config wants of a labels file."""
    label = [] if config.votes else [config.label_column]
    single = [config.image_column, *label, config.split_column, config.subject_column, config.face_id_column]
    wanted = [*single, *config.box_columns, *config.votes.values()]
    return list(dict.fromkeys(column for column in wanted if column is not None))


def _check_classes(classes: tuple[str, ...]) -> None:
    twice = _twice(classes)
    if twice or not classes:
        wrong = f'names {", ".join(twice)} twice; take one out' if twice else 'name at least one'
        raise UsageError(f'classes {list(classes)}: {wrong}')


def _check_sources(config: BuildConfig, collections: Sequence[Collection]) -> None:
    own = {name: said.get('inputs', (name,)) for name, said in config.sources.items()}
    for name, inputs in own.items():
        if not inputs:
            raise UsageError(f'sources: {name}: inputs []: name at least one INPUT, or take `inputs` out where it is called {name}')
    for one in collections:
        others = [source.name for source in one.inputs if source.name not in own.get(one.name, (source.name,))]
        if others:
            raise UsageError(
                f'sources: {one.name}: is the name of the dataset too, to which {", ".join(others)} would belong; rename one of them'
            )


def _check_collection(collection: Collection, config: BuildConfig) -> None:
    """Raises UsageError where what holds for a collection does not fit together; of several, the message says which one."""
    said = collection.config
    where = f'source {collection.name!r}: ' if config.sources else ''
    _check_map(f'{where}label_map', said.label_map, (*CLASSES, DROP))
    _check_map(f'{where}split_map', said.split_map, SPLITS)
    if len(said.box_columns) not in (0, 4):
        raise UsageError(f'{where}box_columns {list(said.box_columns)}: must be four columns, of x, y, width and height, or none')
    _check_votes(where, said, config.classes)
    if collection.labels:
        _check_labels(where, collection)
    else:
        _check_no_labels(where, collection)


def _check_map(key: str, names: dict[str, str], known: tuple[str, ...]) -> None:
    for found, name in names.items():
        if name not in known:
            raise UsageError(f'{key}: {found!r} becomes {name!r}{suggestion(name, list(known))}; must be one of {", ".join(known)}')


def _check_votes(where: str, said: SourceConfig, classes: tuple[str, ...]) -> None:
    for column in _twice(said.votes.values()):
        sharing = ', '.join(name for name, counted in said.votes.items() if counted == column)
        raise UsageError(f'{where}votes: {sharing} are all counted by the column {column!r}; give each its own')
    voted = {said.label_map.get(name, name) for name in said.votes}
    voteless = [name for name in classes if said.votes and name not in voted]
    if voteless:
        raise UsageError(
            f'{where}votes {list(said.votes)}: none for {", ".join(voteless)}; name its column, '
            'let label_map rename a vote to it, or take it from classes'
        )


def _check_labels(where: str, collection: Collection) -> None:
    if collection.config.label_column is None and not collection.config.votes:
        files = ', '.join(map(repr, collection.labels))
        raise UsageError(f'{where}labels {files}: neither label_column nor votes says what the labels are; set one')


def _check_no_labels(where: str, collection: Collection) -> None:
    asked = [key for key in ONLY_OF_A_FILE if getattr(collection.config, key)]
    if asked:
        remedy = f'say --labels {collection.name}=FILE, or leave them empty there' if where else 'say --labels FILE'
        raise UsageError(f'{where}{", ".join(asked)}: set, but there is no labels file that could have them; {remedy}')


def _check_votes_are_there(config: BuildConfig, collections: Sequence[Collection]) -> None:
    asked = {
        'vote_policy': config.vote_policy != 'majority',
        'vote_margin': config.vote_margin > 0,
        'vote_share': config.vote_share > 0,
        'vote_floor': config.vote_floor > 1,
        'minimum_votes': config.minimum_votes > 1,
    }
    wanted = [f'{key} {getattr(config, key)}' for key, is_asked in asked.items() if is_asked]
    if wanted and not any(one.config.votes for one in collections):
        raise UsageError(f'{", ".join(wanted)}: set, but no source has votes; name their columns under `votes`, or take it out')


def _twice(names: Iterable[str]) -> list[str]:
    return sorted(name for name, number in Counter(names).items() if number > 1)
