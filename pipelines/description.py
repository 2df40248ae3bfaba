"""What snapshot.json says: which keys mien writes, and of what form their values are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

KEYS = {'files': dict, 'counts': dict, 'statuses': dict, 'tallies': dict, 'shards': int, 'kind': str, 'schema_version': str}
TABLES = {
    'label': frozenset(('images', 'faces', 'labels')),
    'build': frozenset(('images', 'faces', 'examples', 'rejects', 'duplicates')),
}


def lacking(said: Any) -> list[str]:
    """The keys that every version of mien writes and that are not there, or hold something else."""
    return [key for key, kind in KEYS.items() if not isinstance(said, dict) or not isinstance(said.get(key), kind)]


def misshapen(said: Mapping[str, Any]) -> list[str]:
    """The keys whose values are none that this version writes."""
    return [key for key, fits in FORMS.items() if not fits(said.get(key), said)]


def _texts(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(text, str) for text in value.values())


def _is_below(name: str) -> bool:
    return not name.startswith('/') and '..' not in name.split('/') and '\0' not in name


def _is_word(name: str) -> bool:
    return name.isidentifier()


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 0


def _counts(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_is_count, value.values()))


def _counts_by_name(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_counts, value.values()))


def _shards(value: Any, said: Mapping[str, Any]) -> bool:
    """A power of two, each with a file."""
    return type(value) is int and 0 < value <= len(said['files']) and value & (value - 1) == 0


def _config(value: Any) -> bool:
    classes = value.get('classes', []) if isinstance(value, dict) else None
    return isinstance(classes, list) and all(isinstance(name, str) for name in classes)


FORMS: Mapping[str, Callable[[Any, Mapping[str, Any]], bool]] = {
    'files': lambda value, said: _texts(value) and all(map(_is_below, value)),
    'kind': lambda value, said: value in TABLES,
    'config': lambda value, said: _config(value),
    'digests': lambda value, said: _texts(value),
    'counts': lambda value, said: _counts(value) and TABLES.get(said['kind'], frozenset()) <= value.keys() and all(map(_is_word, value)),
    'statuses': lambda value, said: _counts(value),
    'tallies': lambda value, said: _counts_by_name(value),
    'duplicates': lambda value, said: _counts_by_name({} if value is None and said['kind'] != 'build' else value),
    'shards': _shards,
}
