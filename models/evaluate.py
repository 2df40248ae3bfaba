"""What a package's labelling export is worth on a split of a dataset."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..configs.errors import UsageError
from .dataset import Dataset
from .interpreter import Labeller
from .metrics import Metrics, measure
from .package import ModelPackage, find
from .report import describe

if TYPE_CHECKING:
    from .records import Source


@dataclass(frozen=True)
class Evaluation:
    """Figures of one model on one split.

    Attributes:
        model: `name@digest`.
        dataset: `name@digest`.
        text: the same for a person, several lines.
    """

    model: str
    dataset: str
    split: str
    metrics: Metrics

    @property
    def text(self) -> str:
        return f'{self.model} on {self.split} of {self.dataset}\n{describe(self.metrics)}'


def evaluate(model: str, dataset_folder: str, split: str, out: str | None = None) -> Evaluation:
    """Runs a package's export over a split.

    Args:
        model: name of an installed package, or its folder.
        split: train, validation or test.
        out: folder for `evaluation-<split>.json` and `confusion-<split>.png`; None: they are not written.
    Raises:
        UsageError: no package, dataset or split; crops or classes that are not the model's; a folder that can't be written.
    """
    package, dataset = find(model), Dataset.load(dataset_folder)
    _check(package, dataset, split)
    result = evaluate_source(package, _source(package, dataset), split)
    if out is not None:
        write(result, package.classes, out)
    return result


def evaluate_source(package: ModelPackage, source: Source, split: str) -> Evaluation:
    """The same on an open dataset."""
    probabilities, labels = predict(Labeller(package.export_path.read_bytes()), source, split)
    if not len(labels):
        raise UsageError(f'dataset {source.dataset.folder!r}: no example of {", ".join(package.classes)} in {split}; name another split')
    metrics = measure(probabilities, labels, package.classes, package.abstain_below)
    return Evaluation(package.id, f'{source.dataset.name}@{source.dataset.digest}', split, metrics)


def predict(labeller: Labeller, source: Source, split: str) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities float32 (n, k) and labels int64 (n,) of a split."""
    pairs = [(labeller.predict(crops), labels) for crops, labels in source.crops(split)]
    if not pairs:
        return np.zeros((0, labeller.classes), np.float32), np.zeros(0, np.int64)
    return np.concatenate([pair[0] for pair in pairs]), np.concatenate([pair[1] for pair in pairs])


def write(result: Evaluation, classes: tuple[str, ...], out: str) -> None:
    """Writes the JSON and the picture.

    Raises:
        UsageError: the folder can't be written.
    """
    from .plot import confusion_png

    try:
        Path(out).mkdir(parents=True, exist_ok=True)
        Path(out, f'evaluation-{result.split}.json').write_text(json.dumps(asdict(result), indent=2) + '\n')
        confusion_png(np.array(result.metrics.confusion), classes, result.text.splitlines()[0], Path(out, f'confusion-{result.split}.png'))
    except OSError as error:
        raise UsageError(f'--out {out!r}: cannot be written ({error.strerror}); name another folder') from error


def _source(package: ModelPackage, dataset: Dataset) -> Source:
    from .graph import TransformGraph
    from .records import Source

    return Source(dataset, TransformGraph(dataset), package.classes)


def _check(package: ModelPackage, dataset: Dataset, split: str) -> None:
    lacking = [name for name in package.classes if name not in dataset.classes]
    if lacking:
        raise UsageError(f'dataset {dataset.folder!r}: has no {", ".join(lacking)}, which {package.id} knows; evaluate on another one')
    if dataset.crop != package.crop:
        raise UsageError(f'dataset {dataset.folder!r}: crops are {dataset.crop}, {package.id} takes {package.crop}; build it with the same')
    dataset.files(split)
