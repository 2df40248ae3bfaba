"""The architectures by name; a module is imported when its name is asked for."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

from ..configs.errors import UsageError
from ..configs.load import suggestion

if TYPE_CHECKING:
    import keras

    from .architecture import InputSpec

ARCHITECTURES = ('compact_resnet', 'dcnn', 'fernet', 'mini_xception')


def names() -> list[str]:
    """Names of the architectures."""
    return sorted(ARCHITECTURES)


def builder(name: str) -> Callable[[InputSpec, int], keras.Model]:
    """The function that builds an architecture from its input and its number of classes.

    Raises:
        UsageError: there is none of that name.
    """
    if name not in ARCHITECTURES:
        raise UsageError(f'architecture {name!r}: no such architecture{suggestion(name, names())}; known: {", ".join(names())}')
    return import_module(f'.{name}', __package__).build
