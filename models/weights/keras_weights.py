"""Weights out of Keras 3's own files: `.weights.h5`, and the one that stands in every `.keras`.

Such a file says a weight's place in the structure of layers (`layers/conv2d_3/vars/0`) and not their order. So the places of a network are
looked up in the file, at its root and inside the networks that it holds, and a file is made for Keras in which these are replaced.
"""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import h5py
import keras

from ...configs.errors import UsageError
from .layer_weights import head, leaves

INSIDE = 'model.weights.h5'
SEEDS = 'seed_generator/'  # the state of dropout is not a weight


@dataclass(frozen=True)
class Place:
    """Where a weight stands in a file.

    Attributes:
        path: from the file's root. layer: the name of its layer.
    """

    path: str
    layer: str
    shape: tuple[int, ...]


def is_archive(path: str) -> bool:
    """Whether a file is a zip, as `.keras` is."""
    return zipfile.is_zipfile(path)


def take_archive(network: keras.Model, path: str) -> None:
    """Puts the weights of a `.keras` file into a network.

    Raises:
        UsageError: it is none, or does not fit.
    """
    with tempfile.TemporaryDirectory() as folder:
        try:
            with zipfile.ZipFile(path) as archive:
                archive.extract(INSIDE, folder)
        except (KeyError, zipfile.BadZipFile, OSError) as error:
            raise UsageError(f'weights {path!r}: holds no {INSIDE} ({error}); name a .keras file of Keras 3') from error
        take(network, str(Path(folder, INSIDE)), path)


def take(network: keras.Model, weights: str, path: str) -> None:
    """Puts the weights of a `.weights.h5` file into a network, or into the network inside it.

    Args:
        path: what people call the file.
    Raises:
        UsageError: it does not fit.
    """
    inner = [layer for layer in network.layers if isinstance(layer, keras.Model)]
    unfit = []
    for target in (network, *inner):
        misfit = _take(target, head(network).name, weights)
        if misfit is None:
            return
        unfit.append(misfit)
    raise UsageError(f'weights {path!r}: {max(unfit)[1]}; name weights of this network')


def _take(target: keras.Model, last: str, weights: str) -> tuple[int, str] | None:
    """Takes them, or says how many fit and which is the first that does not."""
    order = {layer.name: place for place, layer in enumerate(leaves(target))}  # so that what is said is the first that does not fit
    with tempfile.TemporaryDirectory() as folder:
        own = Path(folder, 'own.weights.h5')
        target.save_weights(own)
        with h5py.File(own, 'r+') as ours, h5py.File(weights) as theirs:
            wanted = sorted((place for place in _places(ours) if place.layer != last), key=lambda place: order.get(place.layer, 0))
            found = {place.path: place for place in _places(theirs)}
            root, misfit = _best_root(wanted, found)
            if misfit is not None:
                return misfit
            for place in wanted:
                ours[place.path][...] = theirs[root + place.path][()]
        target.load_weights(own)
    return None


def _best_root(wanted: list[Place], found: dict[str, Place]) -> tuple[str, tuple[int, str] | None]:
    """The root under which most of the wanted places are found, and what does not fit there."""
    roots = sorted({path[:place] for path in found for place in _starts(path)}, key=len)
    misfits = []
    for root in roots:
        unfit = [place for place in wanted if _shape(found, root + place.path) != place.shape]
        if not unfit:
            return root, None
        there = _shape(found, root + unfit[0].path)
        said = f'layer {unfit[0].layer} of {_text(unfit[0].shape)} does not fit: the file has {_text(there)} there'
        misfits.append((len(wanted) - len(unfit), said))
    return '', max(misfits, default=(0, 'holds no layers'))


def _starts(path: str) -> Iterator[int]:
    """Where `layers/` begins in a path."""
    at = path.find('layers/')
    while at >= 0:
        yield at
        at = path.find('/layers/', at) + 1 or -1


def _places(file: h5py.File) -> list[Place]:
    found = []

    def visit(path: str, item: h5py.Group | h5py.Dataset) -> None:
        if isinstance(item, h5py.Dataset) and SEEDS not in path and not item.external and not item.is_virtual:
            found.append(Place(path, str(item.parent.attrs.get('name', path)), tuple(item.shape)))

    file.visititems(visit)  # does not follow links
    return found


def _shape(found: dict[str, Place], path: str) -> tuple[int, ...] | None:
    return found[path].shape if path in found else None


def _text(shape: tuple[int, ...] | None) -> str:
    return 'nothing' if shape is None else 'x'.join(map(str, shape)) or 'one number'
