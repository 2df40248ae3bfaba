"""Which columns of a Parquet file hold photos and what they are called.

Layouts that are known without being told: Hugging Face's (a struct of `bytes` and `path`), img2dataset's (`jpg` beside `key`), one
binary column alone, and a list: a column of paths, no bytes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa

from ...configs.errors import UsageError

KEYS = ('key', '__key__', 'uri', 'path', 'file_name', 'filename', 'image_path')
LISTED = ('uri', 'path', 'file_name', 'filename', 'file', 'image', 'image_path', 'image_uri', 'url')
PHOTOS = ('jpg', 'jpeg', 'png', 'webp', 'image')


@dataclass(frozen=True)
class Columns:
    """Columns of a Parquet file; a child of a struct is `struct.child`.

    Attributes:
        content: the photos' bytes; null where the file is a list.
        key: what they are called; null where only the number of the row tells them apart.
    """

    content: str | None
    key: str | None


def choose(path: str, schema: pa.Schema, bytes_column: str | None, key_column: str | None) -> Columns:
    """The columns that are asked for, else those that the layout tells.

    Raises:
        UsageError: a column is not there or not of such a type, several could be meant, or none is.
    """
    content = _content(path, schema, bytes_column)
    if key_column is not None and not is_text(_type(path, schema, key_column, 'key_column')):
        raise UsageError(f'input {path!r}: key_column {key_column!r} holds {schema.field(key_column).type}, no text; {_it_has(schema)}')
    key = key_column or (listed(path, _texts(schema)) if content is None else _key(schema, content))
    if key is not None and key in schema.names:
        _type(path, schema, key, 'key_column')
    return Columns(content, key)


def listed(path: str, names: list[str]) -> str:
    """The column of a list that holds the uris.

    Raises:
        UsageError: none is called so.
    """
    for name in LISTED:
        if name in names:
            return name
    raise UsageError(f'input {path!r}: none of its columns ({", ".join(names)}) is called {", ".join(LISTED)}; say --key-column')


def is_text(kind: pa.DataType) -> bool:
    """Whether values can name something: texts, bytes, whole numbers."""
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    views = pa.types.is_string_view(kind) or pa.types.is_binary_view(kind)
    return pa.types.is_integer(kind) or pa.types.is_string(kind) or pa.types.is_large_string(kind) or _is_bytes(kind) or views


def _content(path: str, schema: pa.Schema, said: str | None) -> str | None:
    if said is not None:
        found = _bytes_of(said, _type(path, schema, said, 'bytes_column'))
        if found is None:
            raise UsageError(f'input {path!r}: bytes_column {said!r} holds {schema.field(said).type}, no bytes; {_it_has(schema)}')
        return found
    structs = [field.name for field in schema if pa.types.is_struct(field.type) and _bytes_of(field.name, field.type)]
    binary = [field.name for field in schema if _is_bytes(field.type) and field.name not in KEYS]
    photos = [name for name in binary if name.lower() in PHOTOS]
    for names in (structs, photos, binary):
        if len(names) > 1:
            raise UsageError(f'input {path!r}: the photos may be in {" or ".join(names)}; say --bytes-column')
        if names:
            return _bytes_of(names[0], _type(path, schema, names[0], 'bytes_column'))
    return None


def _key(schema: pa.Schema, content: str) -> str | None:
    struct = content.removesuffix('.bytes')
    if struct != content and content not in schema.names and 'path' in _naming(schema.field(struct).type):
        return f'{struct}.path'
    return next((name for name in KEYS if name in _naming(schema)), None)


def _naming(fields: Iterable[pa.Field]) -> list[str]:
    return [field.name for field in fields if is_text(field.type)]


def _bytes_of(name: str, kind: pa.DataType) -> str | None:
    if pa.types.is_struct(kind):
        within = {field.name: field.type for field in kind}
        return f'{name}.bytes' if 'bytes' in within and _is_bytes(within['bytes']) else None
    return name if _is_bytes(kind) else None


def _is_bytes(kind: pa.DataType) -> bool:
    return pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind)


def _type(path: str, schema: pa.Schema, name: str, option: str) -> pa.DataType:
    if schema.names.count(name) != 1:
        raise UsageError(f'input {path!r}: {schema.names.count(name) or "no"} columns called {name!r} ({option}); {_it_has(schema)}')
    return schema.field(name).type


def _texts(schema: pa.Schema) -> list[str]:
    return [field.name for field in schema if is_text(field.type) and not pa.types.is_integer(field.type)]


def _it_has(schema: pa.Schema) -> str:
    return f'it has {", ".join(schema.names)}'
