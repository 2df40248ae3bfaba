"""The architectures by name: our own, all of Keras Applications, a user's function, a user's Keras file.

A module is imported when its name is asked for; Keras, which takes seconds, when a name is none of ours.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import PurePath
from typing import TYPE_CHECKING

from ...configs.errors import UsageError
from ...configs.load import suggestion

if TYPE_CHECKING:
    import keras

    from .architecture import InputSpec

ARCHITECTURES = ('compact_resnet', 'dcnn', 'dlib_resnet', 'face_resnet', 'fernet', 'mini_xception')
KERAS_FILES = ('.keras', '.h5', '.hdf5')


def names() -> list[str]:
    """Names of our own architectures, then of Keras Applications; imports Keras."""
    return [*sorted(ARCHITECTURES), *transferable()]


def transferable() -> list[str]:
    """Names of the networks of Keras Applications; imports Keras."""
    from . import transfer

    return transfer.names()


def builder(name: str) -> Callable[[InputSpec, int], keras.Model]:
    """The function that builds an architecture from its input and its number of classes.

    Raises:
        UsageError: there is none of that name.
    """
    if name in ARCHITECTURES:
        return import_module(f'.{name}', __package__).build
    if is_keras_file(name):
        from . import keras_file

        return keras_file.builder(name)
    if ':' in name:
        from . import own

        return own.builder(name)
    from . import transfer

    _check(name)
    return transfer.builder(name)


def side(name: str, asked: int | None, crop: int) -> int:
    """The side that a network works on: the asked one, else a Keras file's own, else the crop's, and at least the architecture's own.

    Raises:
        UsageError: there is no such architecture.
    """
    if asked is not None:
        return asked
    if is_keras_file(name):
        from . import keras_file

        return keras_file.side(name) or crop
    return max(crop, _own_side(name))


def smallest(name: str) -> int:
    """The least side that an architecture works on; 1 where only a user knows.

    Raises:
        UsageError: there is none of that name.
    """
    if name in ARCHITECTURES:
        return import_module(f'.{name}', __package__).SMALLEST
    if is_somebodys(name):
        return 1
    from . import transfer

    _check(name)
    return transfer.smallest(name)


def _own_side(name: str) -> int:
    """What an architecture of ours names as its side, else the least."""
    least = smallest(name)
    return getattr(import_module(f'.{name}', __package__), 'SIDE', least) if name in ARCHITECTURES else least


def is_keras_file(name: str) -> bool:
    """Whether an architecture's name is that of a Keras file."""
    return name.endswith(KERAS_FILES)


def is_somebodys(name: str) -> bool:
    """Whether an architecture is a user's own."""
    return ':' in name or is_keras_file(name)


def code(name: str) -> str | None:
    """The file with a user's function.

    Raises:
        UsageError: it cannot be imported.
    """
    from . import own

    return own.code(name)


def plain_name(name: str) -> str:
    """An architecture's name as a package can bear it: without folders, endings and colons."""
    return PurePath(name).stem if is_keras_file(name) else name.replace(':', '.')


def _check(name: str) -> None:
    known = names()
    if name not in known:
        same = [each for each in known if each.lower() == name.lower()]
        hint = f' (did you mean {same[0]!r}?)' if same else suggestion(name, known)
        raise UsageError(
            f'architecture {name!r}: no such architecture{hint}; `mien models` lists them, MODULE:FUNCTION and Keras files are taken, too'
        )
