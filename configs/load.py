"""Reads a job's config: shipped values, then a config file, then the command line, each overriding the one before."""

from __future__ import annotations

import difflib
import math
import os
import re
import types
from collections.abc import Mapping
from dataclasses import Field, asdict, dataclass, fields, replace
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

import yaml

from .errors import UsageError

C = TypeVar('C')
ROOM = resources.files(__package__)
EXTENDS = 'extends'  # key of a config file: another one, whose values it overrides
POWER = re.compile(r'[-+]?\d+[eE][-+]?\d+')  # a number as people write it, which YAML 1.1 takes for a text


@dataclass(frozen=True)
class Source:
    """What says values to a job: a config of a name, or without one the options of a command line."""

    name: str
    job: str
    nested: bool = False

    @property
    def knows(self) -> str:
        """Whose keys are known there."""
        return f'`mien {self.job}` knows' if not self.nested else 'known:'

    def key(self, name: str) -> str:
        """One of its keys, as a person knows it."""
        return f'config {self.name!r}: {name}' if self.name else f'--{name.replace("_", "-")}'


def load(schema: type[C], job: str, config: str | None = None, overrides: Mapping[str, Any] | None = None) -> C:
    """The config of a job.

    Args:
        schema: the job's dataclass.
        job: name of the shipped YAML file that holds every default.
        config: name of another shipped config, or path of a YAML file. What it extends is read before it; a value, a map or a list
            too, replaces the one before as a whole.
        overrides: what the command line says.
    Raises:
        UsageError: a file that can't be read, a wrong key, a value that doesn't fit.
    """
    given = {key: value for key, value in (overrides or {}).items() if value is not None}
    values: dict[str, Any] = {}
    for name, said in [(job, _read(job)), *(_layers(config) if config else [])]:
        values |= _values(schema, said, Source(name, job))
    values |= _values(schema, given, Source('', job))
    missing = sorted({field.name for field in fields(schema)} - values.keys())  # type: ignore[arg-type]
    if missing:
        raise UsageError(f'config {config or job!r}: no value for {", ".join(missing)}')
    return schema(**values)


def as_dict(config: Any) -> dict[str, Any]:
    """A config as plain values, ready for JSON; tuples become lists."""
    plain: dict[str, Any] = _plain(asdict(config))
    return plain


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(some) for key, some in value.items()}
    return [_plain(some) for some in value] if isinstance(value, list | tuple) else value


def shipped() -> list[str]:
    """Names of the configs that the package carries."""
    return sorted(entry.name.removesuffix('.yaml') for entry in ROOM.iterdir() if entry.name.endswith('.yaml'))


def suggestion(word: str, known: list[str]) -> str:
    """' (did you mean ...?)' or nothing."""
    close = difflib.get_close_matches(word, known, n=1)
    return f' (did you mean {close[0]!r}?)' if close else ''


def _layers(name: str, above: tuple[str, ...] = ()) -> list[tuple[str, dict[str, Any]]]:
    """What a config says, by its name, after what the configs say that it extends."""
    if _place(name) in map(_place, above):
        raise UsageError(f'config {name!r}: extends itself, by way of {", ".join(above)}; take one `{EXTENDS}` out')
    values = _read(name, f', which {above[-1]!r} extends' if above else '')
    base = values.pop(EXTENDS, None)
    if base is None:
        return [(name, values)]
    if not isinstance(base, str):
        raise UsageError(f'config {name!r}: {EXTENDS} is {base!r}, must be the name of a shipped config or the path of a YAML file')
    return [*_layers(_beside(name, base), (*above, name)), (name, values)]


def _beside(name: str, base: str) -> str:
    """The config that another one extends; a path is seen from the file that says it."""
    return base if base in shipped() or name in shipped() or '://' in base else str(Path(name).parent / base)


def _place(name: str) -> str:
    return name if name in shipped() else os.path.realpath(name)


def _read(name: str, why: str = '') -> dict[str, Any]:
    """What a config says.

    Args:
        why: how it came to be read, for the error.
    """
    try:
        text = (ROOM / f'{name}.yaml' if name in shipped() else Path(name)).read_text(encoding='utf-8')
    except (OSError, ValueError) as error:  # such as no text, or a name that can't be one
        reason = 'is in a store, and configs are read from a disk' if '://' in name else getattr(error, 'strerror', None) or 'not text'
        hint = suggestion(name, shipped())
        raise UsageError(f'config {name!r}{why}: {reason}{hint}; name a YAML file or one of {", ".join(shipped())}') from error
    try:
        values = yaml.safe_load(text) or {}
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # a date that is none is a ValueError
        raise UsageError(f'config {name!r}: not YAML: {" ".join(str(error).split())}') from error
    if not isinstance(values, dict):
        raise UsageError(f'config {name!r}: holds {type(values).__name__}, not `key: value` lines')
    return values


def _values(schema: type[Any], values: dict[str, Any], source: Source) -> dict[str, Any]:
    """The values that are said of a schema, each of which must fit."""
    known, hints = {field.name: field for field in fields(schema)}, get_type_hints(schema)
    for key in values:
        if key not in known:
            hint = suggestion(str(key), list(known))
            raise UsageError(f'config {source.name!r}: no key {key!r}{hint}; {source.knows} {", ".join(known)}')
    return {key: _value(known[key], hints[key], value, source) for key, value in values.items()}


def _value(field: Field[Any], kind: Any, value: Any, source: Source) -> Any:
    key = source.key(field.name)
    if field.metadata['of'] is not None:
        return _named(field, value, source)
    converted = _convert(kind, value)
    if converted is _UNFIT:
        raise UsageError(f'{key} is {value!r}, must be {describe(kind)}')
    low, high, choices = (field.metadata[key] for key in ('low', 'high', 'choices'))
    several = isinstance(converted, tuple)
    for item in converted if several else (converted,):
        if isinstance(item, int | float) and not isinstance(item, bool) and not _within(item, low, high):
            raise UsageError(f'{key} is {item if several else value!r}, must be {_bounds(low, high)}')
        if choices and item is not None and str(item) not in choices:
            raise UsageError(f'{key} is {item!r}{suggestion(str(item), list(choices))}; known: {", ".join(choices)}')
    return converted


def _named(field: Field[Any], value: Any, source: Source) -> dict[str, dict[str, Any]]:
    """A map from names to what is said of each, which may be nothing."""
    if not isinstance(value, dict) or not all(isinstance(name, str) and isinstance(said, dict | None) for name, said in value.items()):
        raise UsageError(f'{source.key(field.name)} is {value!r}, must be a map of names to `key: value` lines')
    sources = {name: replace(source, name=f'{source.name}: {field.name}: {name}', nested=True) for name in value}
    return {name: _values(field.metadata['of'], said or {}, sources[name]) for name, said in value.items()}


_UNFIT = object()


def _convert(kind: Any, value: Any) -> Any:
    if get_origin(kind) in (types.UnionType,):
        return None if value is None else _convert(next(arg for arg in get_args(kind) if arg is not type(None)), value)
    if get_origin(kind) is tuple:
        items = value if isinstance(value, list | tuple) else [value]
        converted = tuple(_convert(get_args(kind)[0], item) for item in items)
        return _UNFIT if _UNFIT in converted else converted
    if get_origin(kind) is dict:
        fits = isinstance(value, dict) and all(isinstance(item, str) for pair in value.items() for item in pair)
        return dict(value) if fits else _UNFIT
    if kind is float:
        return _number(value)
    return value if isinstance(value, kind) and (kind is bool or not isinstance(value, bool)) else _UNFIT


def _number(value: Any) -> Any:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number and not (isinstance(value, str) and POWER.fullmatch(value)):
        return _UNFIT
    try:
        number = float(value)
    except OverflowError:
        return _UNFIT
    return number if math.isfinite(number) else _UNFIT


def describe(kind: Any) -> str:
    """A config type in a user's words."""
    if get_origin(kind) is types.UnionType:
        return ' or '.join('null' if arg is type(None) else describe(arg) for arg in get_args(kind))
    if get_origin(kind) is tuple:
        return f'a list of {describe(get_args(kind)[0]).removeprefix("a ")}s'
    names = {
        int: 'a whole number',
        float: 'a number',
        str: 'a text',
        bool: 'true or false',
        dict: 'a map of text to text',
    }
    return names[get_origin(kind) or kind]


def _within(value: float, low: float | None, high: float | None) -> bool:
    return (low is None or value >= low) and (high is None or value <= high)


def _bounds(low: float | None, high: float | None) -> str:
    return f'at least {low}' if high is None else f'from {low} to {high}'
