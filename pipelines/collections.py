"""The collections of a build: which INPUTs belong together, and what says how they are labelled."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from ..configs.errors import UsageError
from ..configs.load import suggestion
from ..configs.schema import BuildConfig, SourceConfig
from .inputs import Source
from .listing.uris import encode_uri


@dataclass(frozen=True)
class Collection:
    """Photos that are labelled in one way.

    Attributes:
        name: of the source; what no `sources` names goes by the dataset's name.
        inputs: its INPUTs.
        labels: paths of its labels files; none: the photos' folders are their labels.
        config: what holds for it.
    """

    name: str
    inputs: tuple[Source, ...]
    labels: tuple[str, ...]
    config: SourceConfig


def collections(config: BuildConfig, inputs: Sequence[Source]) -> list[Collection]:
    """The collections of a build, in the order of their INPUTs.

    Raises:
        UsageError: `sources` or `labels` name what is not there, or two sources one INPUT.
    """
    owners = _owners(config, inputs)
    labels = _labels(config, list(dict.fromkeys(owners.values())))
    return [
        Collection(name, tuple(one for one in inputs if owners[one.name] == name), files, config.source(name))
        for name, files in labels.items()
    ]


def by_input(some: Sequence[Collection]) -> dict[str, Collection]:
    """The collections by name of their INPUTs, see `input_of`."""
    names = {encode_uri(source.name): one for one in some for source in one.inputs}
    return names if len(names) > 1 else {'': some[0]}


def _owners(config: BuildConfig, inputs: Sequence[Source]) -> dict[str, str]:
    """The name of each INPUT's collection, by its own."""
    owners: dict[str, str] = {}
    known = [one.name for one in inputs]
    for name, said in config.sources.items():
        for one in said.get('inputs', (name,)):
            if one not in known:
                raise UsageError(
                    f'sources: {name}: no INPUT is called {one!r}{suggestion(one, known)}; they are {", ".join(known)}: say NAME=INPUT'
                )
            if one in owners:
                raise UsageError(f'sources: {owners[one]} and {name} both have the INPUT {one!r}; take it from one of them')
            owners[one] = name
    return {one: owners.get(one, config.name) for one in known}


def _labels(config: BuildConfig, names: list[str]) -> dict[str, tuple[str, ...]]:
    """Labels files by collection; one that no name is said for is that of the INPUTs which no source names."""
    files: dict[str, tuple[str, ...]] = dict.fromkeys(names, ())
    for said in config.labels:
        name, separator, path = said.partition('=')
        if not separator or os.sep in name or os.path.exists(said):
            name, path = names[0] if len(names) == 1 else config.name, said
        if name not in names:
            hint = suggestion(name, names)
            raise UsageError(f'labels {said!r}: of which source? say SOURCE={path}{hint}; the sources are {", ".join(names)}')
        if os.path.basename(path) in map(os.path.basename, files[name]):
            raise UsageError(f'labels {said!r}: two files of {name} are called {os.path.basename(path)!r}; rename one of them')
        files[name] = (*files[name], path)
    return files
