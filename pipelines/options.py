"""Command-line options out of config schemas: one name in the file and on the line."""

from __future__ import annotations

import argparse
import types
from collections.abc import Callable
from dataclasses import Field, fields
from functools import cache
from typing import Any, get_args, get_origin, get_type_hints

from ..configs.load import as_dict, load


def add_options(parser: argparse.ArgumentParser, schema: type, job: str) -> None:
    """Adds an option for every field of a job's schema that a command line can say; maps stand in config files alone."""
    parser.formatter_class = _saying_defaults(schema, job)
    parser.add_argument('--config', metavar='FILE', help='YAML file, or the name of a shipped config, that overrides the defaults')
    hints = get_type_hints(schema)
    for field in fields(schema):
        kind = _plain(hints[field.name])
        if get_origin(kind) is not dict:
            parser.add_argument(f'--{field.name.replace("_", "-")}', dest=field.name, default=None, **_how(field, kind))


def read_config(schema: type[Any], job: str, said: argparse.Namespace) -> Any:
    """The config that the defaults, `--config` and the options make."""
    overrides = {field.name: getattr(said, field.name, None) for field in fields(schema)}
    return load(schema, job, said.config, overrides)


def _plain(kind: Any) -> Any:
    if get_origin(kind) is types.UnionType:
        return next(arg for arg in get_args(kind) if arg is not type(None))
    return kind


def _how(field: Field[Any], kind: Any) -> dict[str, Any]:
    text, choices = field.metadata['help'], field.metadata['choices'] or ()
    if not all(choice in text for choice in choices):
        text = f'{text} ({", ".join(choices)})'
    text = text.replace('%', '%%')
    if kind is bool:
        return {'action': argparse.BooleanOptionalAction, 'help': text}
    if get_origin(kind) is tuple:
        item = get_args(kind)[0]
        return {'type': _several(item), 'metavar': 'A,B' if item is str else 'N,M', 'help': text}
    return {'type': kind, 'metavar': {int: 'N', float: 'X'}.get(kind, 'TEXT'), 'help': text}


def _saying_defaults(schema: type, job: str) -> type[argparse.HelpFormatter]:
    """A formatter that says each option's default; the job's config is read only where help is asked for."""

    @cache
    def defaults() -> dict[str, Any]:
        return as_dict(load(schema, job))

    class SayingDefaults(argparse.HelpFormatter):
        def _get_help_string(self, action: argparse.Action) -> str:
            text, value = action.help or '', defaults().get(action.dest)
            if value is None or value == [] or 'default' in text:
                return text
            plain = ','.join(map(str, value)) if isinstance(value, list) else str(value).lower() if isinstance(value, bool) else str(value)
            return f'{text} (default: {plain})'

    return SayingDefaults


def _several(item: type) -> Callable[[str], tuple[Any, ...]]:
    def several(text: str) -> tuple[Any, ...]:
        return tuple(item(part) for part in text.split(',') if part)

    several.__name__ = f'list of {item.__name__}'  # argparse names it where a part is none
    return several
