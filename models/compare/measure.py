"""Measures a package in a process of its own.

    python -m mien.models.compare.measure PACKAGE DATASET SPLIT FACE [TRAINED_ON]

Prints one line of JSON, see `Measured`; FACE becomes an .npy file of the split's first crop. TRAINED_ON is the dataset of the training.
"""

from __future__ import annotations

import sys
from dataclasses import fields
from pathlib import Path

import numpy as np

from ...configs.errors import JobFailed, UsageError
from ..data.dataset import Dataset
from ..data.examples import Examples
from ..data.seen import seen
from ..evaluation.evaluate import check, evaluate_examples, first_crops
from ..evaluation.metrics import Metrics
from ..evaluation.timing import BATCH, times
from ..exporting.exports import OPENERS, said_of
from ..exporting.parity import bytes_of
from ..manifest import FILES
from ..package import ModelPackage, find
from .measured import Measured, MeasuredExport, to_json


def measure(package: ModelPackage, dataset: Dataset, split: str, trained_on: Dataset | None = None) -> tuple[Measured, np.ndarray]:
    """Figures of a package on a split, and the split's first crops, uint8 (n, size, size, channels).

    Args:
        trained_on: another dataset, whose training faces it has learned and which are looked for; None: none are.
    Raises:
        UsageError: crops, classes or split do not fit; or what labels is no export of ours.
    """
    check(package.id, package.classes, package.crop, dataset, split)
    examples = Examples(dataset, package.classes)
    result = evaluate_examples(package, examples, split, changed=0)
    faces = first_crops(examples, split, BATCH)
    exports = sorted((file, name) for name, file in package.exports.items() if name in OPENERS)
    if package.export not in dict(exports):
        raise UsageError(f'model {package.folder!r}: labels with {package.export!r}, which mien does not export; train it again')
    known = {package.export: result.metrics.accuracy}
    shared = {key.name: getattr(result.metrics, key.name) for key in fields(Metrics) if key.name in Measured.__dataclass_fields__}
    measured = Measured(
        model=package.id,
        test=result.dataset,
        split=split,
        export=package.export,
        parameters=_parameters(Path(package.folder, FILES['keras'])),
        absent=result.absent,
        seen=None if trained_on is None else seen(trained_on, dataset, split, package.classes),
        exports=tuple(_export(name, Path(package.folder, file), known.get(file), examples, split, faces) for file, name in exports),
        **shared,
    )
    return measured, faces


def _export(name: str, path: Path, accuracy: float | None, examples: Examples, split: str, faces: np.ndarray) -> MeasuredExport:
    """Figures of one export, whose accuracy may be known."""
    if accuracy is None:
        labels = np.concatenate([labels for _, labels in examples.crops(split)])
        accuracy = float(np.mean(said_of(name, path, examples, split).argmax(axis=1) == labels))
    taken = times(lambda: OPENERS[name](path), faces)
    return MeasuredExport(path.name, bytes_of(path), accuracy, taken.load, taken.latency, taken.faces_per_second)


def _parameters(path: Path) -> int | None:
    """Of the Keras model; None where there is none, or where it has layers of somebody's own that Keras does not find."""
    import keras

    if not path.is_file():
        return None
    try:
        return int(keras.saving.load_model(path, compile=False).count_params())
    except (AttributeError, ImportError, KeyError, OSError, TypeError, ValueError):
        return None


def main(words: list[str]) -> int:
    """Measures and prints; gives the exit status."""
    try:
        package, dataset, *trained_on = find(words[0]), *map(Dataset.load, (words[1], *words[4:]))
        measured, faces = measure(package, dataset, words[2], *trained_on)
    except (UsageError, JobFailed) as error:
        print(f'mien: {error}', file=sys.stderr)
        return 2
    np.save(words[3], faces[0])
    print(to_json(measured), flush=True)
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
