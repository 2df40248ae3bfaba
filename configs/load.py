"""Reads a job's config: shipped values, then a config file, then the command line, each overriding the one before."""

from __future__ import annotations

import difflib
import types
from collections.abc import Mapping
from dataclasses import Field, asdict, fields
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

import yaml

from .errors import UsageError

C = TypeVar('C')
ROOM = resources.files(__package__)


def load(schema: type[C], job: str, config: str | None = None, overrides: Mapping[str, Any] | None = None) -> C:
    """The config of a job.

    Args:
        schema: the job's dataclass.
        job: name of the shipped YAML file that holds every default.
        config: name of another shipped config, or path of a YAML file.
        overrides: what the command line says.
    Raises:
        UsageError: a file that can't be read, a wrong key, a value that doesn't fit.
    """
    values = _read(job) | (_read(config) if config else {})
    source = config or job
    given = {key: value for key, value in (overrides or {}).items() if value is not None}
    return _checked(schema, values | given, source)


def as_dict(config: Any) -> dict[str, Any]:
    """A config as plain values, ready for JSON; tuples become lists."""
    return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(config).items()}


def shipped() -> list[str]:
    """Names of the configs that the package carries."""
    return sorted(entry.name.removesuffix('.yaml') for entry in ROOM.iterdir() if entry.name.endswith('.yaml'))


def suggestion(word: str, known: list[str]) -> str:
    """' (did you mean ...?)' or nothing."""
    close = difflib.get_close_matches(word, known, n=1)
    return f' (did you mean {close[0]!r}?)' if close else ''


def _read(name: str) -> dict[str, Any]:
    try:
        text = (ROOM / f'{name}.yaml').read_text() if name in shipped() else Path(name).read_text()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, 'strerror', None) or 'not text'
        raise UsageError(f'config {name!r}: {reason}; name a YAML file or one of {", ".join(shipped())}') from error
    try:
        values = yaml.safe_load(text) or {}
    except yaml.YAMLError as error:
        raise UsageError(f'config {name!r}: not YAML: {" ".join(str(error).split())}') from error
    if not isinstance(values, dict):
        raise UsageError(f'config {name!r}: holds {type(values).__name__}, not `key: value` lines')
    return values


def _checked(schema: type[C], values: dict[str, Any], source: str) -> C:
    known = {field.name: field for field in fields(schema)}  # type: ignore[arg-type]
    for key in values:
        if key not in known:
            raise UsageError(f'config {source!r}: no key {key!r}{suggestion(str(key), list(known))}; known: {", ".join(known)}')
    missing = sorted(set(known) - set(values))
    if missing:
        raise UsageError(f'config {source!r}: no value for {", ".join(missing)}')
    hints = get_type_hints(schema)
    return schema(**{key: _value(known[key], hints[key], value, source) for key, value in values.items()})


def _value(field: Field[Any], kind: Any, value: Any, source: str) -> Any:
    converted = _convert(kind, value)
    if converted is _UNFIT:
        raise UsageError(f'config {source!r}: {field.name} is {value!r}, must be {describe(kind)}')
    low, high, choices = (field.metadata[key] for key in ('low', 'high', 'choices'))
    if isinstance(converted, int | float) and not isinstance(converted, bool) and not _within(converted, low, high):
        raise UsageError(f'config {source!r}: {field.name} is {value!r}, must be {_bounds(low, high)}')
    for item in converted if isinstance(converted, tuple) else (converted,):
        if choices and item is not None and str(item) not in choices:
            raise UsageError(
                f'config {source!r}: {field.name} is {item!r}{suggestion(str(item), list(choices))}; known: {", ".join(choices)}'
            )
    return converted


_UNFIT = object()


def _convert(kind: Any, value: Any) -> Any:
    if get_origin(kind) in (types.UnionType,):
        return None if value is None else _convert(next(arg for arg in get_args(kind) if arg is not type(None)), value)
    if get_origin(kind) is tuple:
        fits = isinstance(value, list | tuple) and all(isinstance(item, str) for item in value)
        return tuple(value) if fits else _UNFIT
    if get_origin(kind) is dict:
        fits = isinstance(value, dict) and all(isinstance(item, str) for pair in value.items() for item in pair)
        return dict(value) if fits else _UNFIT
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return value if isinstance(value, kind) and (kind is bool or not isinstance(value, bool)) else _UNFIT


def describe(kind: Any) -> str:
    """A config type in a user's words."""
    if get_origin(kind) is types.UnionType:
        return ' or '.join('null' if arg is type(None) else describe(arg) for arg in get_args(kind))
    names = {
        int: 'a whole number',
        float: 'a number',
        str: 'a text',
        bool: 'true or false',
        tuple: 'a list of texts',
        dict: 'a map of text to text',
    }
    return names[get_origin(kind) or kind]


def _within(value: float, low: float | None, high: float | None) -> bool:
    return (low is None or value >= low) and (high is None or value <= high)


def _bounds(low: float | None, high: float | None) -> str:
    return f'at least {low}' if high is None else f'from {low} to {high}'
