"""What a package's labelling export is worth on a split of a dataset."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ...configs.errors import UsageError
from ...configs.schema import Crop
from ..data.dataset import Dataset
from ..package import ModelPackage, find
from ..predictor import Predictor
from ..whole import write_whole
from .metrics import Metrics, measure
from .report import describe, describe_robustness, describe_slices
from .robustness import FACES, Changed, robustness
from .slices import Slices, read_measures, slice_up

if TYPE_CHECKING:
    from ..data.examples import Examples

ONE_FACE_TWO_NAMES = ('happiness', 'positive')


@dataclass(frozen=True)
class Evaluation:
    """Figures of one model on one split.

    Attributes:
        model: `name@digest`, the digest being that of the export.
        export: file name of the export that was run.
        dataset: `name@digest`.
        robustness: what changes of the crops do to the labels of the split's first FACES faces.
        unknown: classes of the dataset that the model does not know; their faces are left out.
        absent: classes of the model that the dataset does not know; a face that is given one counts as wrong.
    """

    model: str
    export: str
    dataset: str
    split: str
    metrics: Metrics
    slices: Slices
    robustness: tuple[Changed, ...]
    unknown: tuple[str, ...]
    absent: tuple[str, ...]

    @property
    def title(self) -> str:
        return f'{self.model} on {self.split} of {self.dataset}'

    def place(self, home: str) -> str:
        """The split, and the dataset where it is another one than `home`, `name@digest`."""
        return self.split if self.dataset == home else f'{self.split} of {self.dataset}'

    @property
    def text(self) -> str:
        """The same for a person, several lines."""
        more = ['', *describe_slices(self.slices), '', *describe_robustness(self.robustness)]
        return '\n'.join([self.title, *self.remarks, describe(self.metrics), *more])

    @property
    def remarks(self) -> list[str]:
        """What to know where the classes of model and dataset are not the same."""
        unknown, absent = ', '.join(self.unknown), ', '.join(self.absent)
        left_out = f'left out: {self.metrics.left_out:,} faces of {unknown}, which the model does not know'
        wrong = f'not in the dataset: {absent}; a face that the model names so counts as wrong'
        return [text for text, some in ((left_out, unknown), (wrong, absent)) if some]


def evaluate(model: str, dataset_folder: str, split: str, out: str | None = None) -> Evaluation:
    """Runs a package's export over a split.

    Args:
        model: name of an installed package, or its folder.
        split: train, validation or test.
        out: folder for `evaluation-<split>.json`, `confusion-<split>.png` and `reliability-<split>.png`; None: they are not written.
    Raises:
        UsageError: no package, dataset or split; crops or classes that are not the model's; a folder that can't be written.
    """
    package = find(model)
    result = evaluate_package(package, Dataset.load(dataset_folder), split)
    if out is not None:
        write(result, package.classes, out)
    return result


def evaluate_package(package: ModelPackage, dataset: Dataset, split: str) -> Evaluation:
    """Runs a package's labelling export over a split of any dataset of such crops that shares two classes or more with it.

    Raises:
        UsageError: no such split; crops or classes that do not fit.
    """
    from ..data.examples import Examples

    check(package.id, package.classes, package.crop, dataset, split)
    return evaluate_examples(package, Examples(dataset, package.classes), split)


def evaluate_examples(package: ModelPackage, examples: Examples, split: str, changed: int = FACES) -> Evaluation:
    """The same on an open dataset, whose classes are the package's.

    Args:
        changed: number of faces, at most, whose crops are changed to see whether their labels stay; 0: none, and no figures of that.
    """
    predictor, dataset = Predictor(package), examples.dataset
    probabilities, labels = predict(predictor, examples, split)
    if not len(labels):
        raise UsageError(f'dataset {dataset.folder!r}: no example of {", ".join(package.classes)} in {split}; name another split')
    face_ids, names = examples.faces(split)
    takes_part = np.isin(names, package.classes)
    left_out = len(names) - len(labels)
    own = probabilities[:changed].argmax(axis=1)
    return Evaluation(
        model=package.id,
        export=package.export,
        dataset=dataset.id,
        split=split,
        metrics=measure(probabilities, labels, package.classes, package.abstain_below, package.temperature, left_out),
        slices=slice_up(probabilities, labels, read_measures(dataset, face_ids), takes_part),
        robustness=robustness(predictor.predict, first_batches(examples, split, changed), own, labels[:changed]) if changed else (),
        unknown=tuple(name for name in dataset.classes if name not in package.classes),
        absent=tuple(name for name in package.classes if name not in dataset.classes),
    )


def predict(predictor: Predictor, examples: Examples, split: str) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities float32 (n, k) and labels int64 (n,) of a split, on all cores."""
    cores = len(os.sched_getaffinity(0))

    def shared_out(crops: np.ndarray) -> np.ndarray:
        return np.concatenate(list(pool.map(predictor.predict, np.array_split(crops, min(cores, len(crops))))))

    with ThreadPoolExecutor(cores) as pool:
        pairs = [(shared_out(crops), labels) for crops, labels in examples.crops(split)]
    if not pairs:
        return np.zeros((0, predictor.classes), np.float32), np.zeros(0, np.int64)
    return np.concatenate([pair[0] for pair in pairs]), np.concatenate([pair[1] for pair in pairs])


def first_crops(examples: Examples, split: str, count: int) -> np.ndarray:
    """The first crops of a split, at most so many, uint8 (n, size, size, channels), in the order of `predict`.

    Records are in salted-hash order, so they are a random sample.
    """
    return np.concatenate(list(first_batches(examples, split, count)))


def first_batches(examples: Examples, split: str, count: int) -> Iterator[np.ndarray]:
    """The same, a batch at a time."""
    for crops, _ in examples.crops(split):
        yield crops[:count]
        count -= len(crops)
        if count <= 0:
            break


def write(result: Evaluation, classes: tuple[str, ...], out: str) -> None:
    """Writes the JSON and the pictures.

    Raises:
        UsageError: the folder can't be written.
    """
    from ..plots.plot import calibration_png, confusion_png

    folder, metrics = Path(out), result.metrics
    try:
        write_whole(folder / f'evaluation-{result.split}.json', json.dumps(asdict(result), indent=2) + '\n')
        confusion_png(np.array(metrics.confusion), classes, result.title, folder / f'confusion-{result.split}.png')
        calibration_png({result.model: metrics.reliability}, result.title, folder / f'reliability-{result.split}.png')
    except OSError as error:
        raise UsageError(f'--out {out!r}: cannot be written ({error.strerror}); name another folder') from error


def check(model: str, classes: tuple[str, ...], crop: Crop, dataset: Dataset, split: str) -> None:
    """Whether a model of such classes and crops can be measured on a split.

    Raises:
        UsageError: it can't.
    """
    _check_classes(model, classes, dataset)
    if dataset.crop != crop:
        raise UsageError(f'dataset {dataset.folder!r}: crops are {dataset.crop}, {model} takes {crop}; build it with the same')
    dataset.files(split)


def _check_classes(model: str, classes: tuple[str, ...], dataset: Dataset) -> None:
    own, theirs = set(classes), set(dataset.classes)
    for name, other in (ONE_FACE_TWO_NAMES, ONE_FACE_TWO_NAMES[::-1]):
        if name in own - theirs and other in theirs - own:
            remedy = f'build it with label_map: {{{other}: {name}}}'
            raise UsageError(f'dataset {dataset.folder!r}: says {other} where {model} says {name}; {remedy}')
    if len(own & theirs) < 2:
        shared = f'shares only {next(iter(own & theirs))!r}' if own & theirs else 'shares no class'
        known = f'the dataset has {", ".join(dataset.classes)}, the model {", ".join(classes)}'
        raise UsageError(f'dataset {dataset.folder!r}: {shared} with {model}; {known}; name a dataset that shares two or more')
