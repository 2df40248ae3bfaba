"""A user's own architecture, `package.module:function`: called as ours are, and checked in what it gives back."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from ...configs.errors import UsageError

if TYPE_CHECKING:
    import keras

    from .architecture import InputSpec


def builder(name: str) -> Callable[[InputSpec, int], keras.Model]:
    """The function behind `package.module:function`, found from the working directory, too.

    Raises:
        UsageError: there is no such module or function, or importing it fails.
    """
    module_name, _, function_name = name.partition(':')
    function = getattr(_module(name, module_name), function_name, None)
    if not callable(function):
        raise UsageError(f'architecture {name!r}: {module_name} has no function {function_name!r}; say MODULE:FUNCTION')
    return partial(_build, name, function)


def code(name: str) -> str | None:
    """The file of the module behind `package.module:function`, which is not run, though a package around it is; None where it has none.

    Raises:
        UsageError: there is no such module.
    """
    module_name = name.partition(':')[0]
    _look_here()
    try:
        spec = find_spec(module_name)
    except (ImportError, ValueError):
        spec = None
    if spec is None:
        raise UsageError(f'architecture {name!r}: no module {module_name!r}; start where it lies, or install it')
    return spec.origin if spec.has_location else None


def _look_here() -> None:
    if os.getcwd() not in sys.path:
        sys.path.append(os.getcwd())  # last, so that nothing there hides a module of anyone else


def _module(name: str, module_name: str) -> object:
    _look_here()
    try:
        return import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name and f'{module_name}.'.startswith(f'{error.name}.'):
            raise UsageError(f'architecture {name!r}: no module {error.name!r}; start where it lies, or install it') from error
        raise UsageError(f'architecture {name!r}: {module_name} asks for the module {error.name!r}; install it') from error
    except Exception as error:
        raise UsageError(f'architecture {name!r}: importing {module_name} raised {_said(error)}; mend it') from error


def _build(name: str, function: Callable[[InputSpec, int], keras.Model], spec: InputSpec, classes: int) -> keras.Model:
    import keras

    try:
        network = function(spec, classes)
    except UsageError:
        raise
    except Exception as error:
        raise UsageError(f'architecture {name!r}: raised {_said(error)}; mend it') from error
    if not isinstance(network, keras.Model):
        raise UsageError(f'architecture {name!r}: gave a {type(network).__name__}; it must give a keras.Model')
    if not getattr(network, 'inputs', None):
        raise UsageError(f'architecture {name!r}: its {type(network).__name__} has no inputs of its own; begin it with keras.Input')
    _check(name, 'input', network.input_shape, (None, spec.crop, spec.crop, spec.channels))
    _check(name, 'output', network.output_shape, (None, classes))
    if not network.weights:
        raise UsageError(f'architecture {name!r}: its network has no weights to train; give it some')
    _check_file(name, network)
    return network


def _check_file(name: str, network: keras.Model) -> None:
    """Whether a package could hold the network."""
    import keras

    try:
        with TemporaryDirectory() as folder:
            network.save(f'{folder}/network.keras')
            keras.saving.load_model(f'{folder}/network.keras', compile=False)
    except Exception as error:
        what = f'its network cannot be saved and loaded again ({_said(_first(error))})'
        remedy = 'give its layers a get_config and @keras.saving.register_keras_serializable(), and none a lambda'
        raise UsageError(f'architecture {name!r}: {what}; {remedy}') from error


def _check(name: str, which: str, shape: object, expected: tuple[int | None, ...]) -> None:
    if shape != expected:
        raise UsageError(f"architecture {name!r}: its network's {which} is {shape}; it must be {expected}")


def _first(error: BaseException) -> BaseException:
    """The error that led to this one."""
    while error.__context__ is not None:
        error = error.__context__
    return error


def _said(error: BaseException) -> str:
    """The error on one line."""
    return f'{type(error).__name__}: {" ".join(str(error).split())[:200]}'
