"""What a training begins with, by its name alone: no network and no TensorFlow is needed to tell two beginnings apart."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path, PurePath

from ...configs.errors import UsageError
from ...configs.schema import TrainConfig
from .. import package
from ..architectures.registry import ARCHITECTURES, code, is_keras_file, is_somebodys

NONE, IMAGENET = 'none', 'imagenet'
NETWORK = package.FILES['keras']


def weights_file(weights: str) -> str:
    """The file behind what `weights` names: a file, one that an installed Python module carries (MODULE:FILE), or a model package.

    Raises:
        UsageError: there is none.
    """
    if Path(weights).is_file():
        return weights
    if ':' in weights:
        return _carried(*weights.split(':', 1))
    if Path(weights).is_dir() or weights in package.installed():
        return str(Path(package.find(weights).folder, NETWORK))
    raise UsageError(f'weights {weights!r}: no such file, package folder or installed package; name one, or none or imagenet')


def file_of(config: TrainConfig) -> str | None:
    """The file whose weights a training begins with; None where it begins with none of a file.

    Raises:
        UsageError: there is no such file.
    """
    return None if config.weights in (NONE, IMAGENET) else weights_file(config.weights)


def _carried(module: str, file: str) -> str:
    """A file beside the code of a top-level module, which is not run; for a module within another one it would be."""
    said = f'weights {f"{module}:{file}"!r}'
    if not module.isidentifier() or PurePath(file).is_absolute() or '..' in PurePath(file).parts:
        raise UsageError(f'{said}: must be MODULE:FILE, a module without dots and a path below its folder')
    try:
        spec = find_spec(module)
    except ValueError:
        spec = None
    paths = [Path(folder, file) for folder in (spec.submodule_search_locations if spec else None) or ()]
    found = next((path for path in paths if path.is_file()), None)
    if found is None:
        what = f'{module} carries no file {file!r}' if spec else f'no module {module!r} is installed'
        raise UsageError(f'{said}: {what}; install one that does, or name another file')
    return str(found)


def teacher_file(name: str) -> str:
    """The network of a package that shall teach.

    Raises:
        UsageError: there is no such package, or it holds none.
    """
    taught_by = package.find(name)
    if NETWORK not in taught_by.files:
        raise UsageError(f'teacher {name!r}: holds no {NETWORK}; name a package that does')
    return str(Path(taught_by.folder, NETWORK))


def began_with(config: TrainConfig) -> str:
    """'none', 'imagenet', or `name@` and 12 hex digits of the SHA-256 of the file.

    Raises:
        UsageError: the file is not there.
    """
    if config.weights == NONE and is_keras_file(config.architecture):
        return f'{Path(config.architecture).name}@{_digest(config.architecture, "architecture")[:12]}'
    file = file_of(config)
    return config.weights if file is None else f'{Path(config.weights).name}@{_digest(file, "weights")[:12]}'


def digests(config: TrainConfig) -> dict[str, str | list[str]]:
    """What stands for the names of files and of teachers in a training's identity, and for a user's code: their SHA-256.

    Raises:
        UsageError: a file is not there.
    """
    named: dict[str, str | list[str]] = {}
    if (file := file_of(config)) is not None:
        named['weights'] = _digest(file, 'weights')
    if is_keras_file(config.architecture):
        named['architecture'] = _digest(config.architecture, 'architecture')
    elif is_somebodys(config.architecture) and (path := code(config.architecture)) is not None:
        named['code'] = package.sha256(path)
    if config.teachers:
        named['teachers'] = [_digest(teacher_file(name), 'teacher') for name in config.teachers]
    return named


def check(config: TrainConfig) -> None:
    """Checks that the beginning makes sense.

    Raises:
        UsageError: no epochs without a Keras file to take as it is, ImageNet's weights for a network that Keras does not have, or weights
            beside a Keras file, which brings its own.
    """
    if is_keras_file(config.architecture) and config.weights != NONE:
        raise UsageError(f'weights {config.weights!r}: the architecture {config.architecture!r} brings its own; leave --weights out')
    if config.weights == IMAGENET and (config.architecture in ARCHITECTURES or is_somebodys(config.architecture)):
        raise UsageError(f'weights {IMAGENET!r}: {config.architecture} is no network of Keras Applications; give --weights FILE or none')
    if not config.epochs and not is_keras_file(config.architecture):
        raise UsageError(f'epochs 0: {config.architecture} has no head to be taken as it is; name a Keras file as --architecture')


def _digest(path: str, option: str) -> str:
    if not Path(path).is_file():
        raise UsageError(f'{option} {path!r}: no such file; put it where it was, or name another one')
    return package.sha256(path)
