"""What an export keeps of the Keras model that it was made from, measured on faces."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from ..data.records import Source
from ..manifest import FILES

AGREEMENT = 0.995
ACCURACY_LOSS = 0.01


@dataclass(frozen=True)
class Answers:
    """A network's answers on a split, in the records' order.

    Attributes:
        logits: float32 (n, k).
        labels: int64 (n,), what the faces were labelled with.
    """

    split: str
    logits: np.ndarray
    labels: np.ndarray


@dataclass(frozen=True)
class ExportFigures:
    """What one export is worth.

    Attributes:
        name: keras, float, int8, saved_model or onnx.
        file: its file or folder in the package.
        bytes: of the file, or of all files of the folder.
        agreement: share of faces to which it gives the label that the Keras model gives.
        accuracy: share of faces to which it gives their own label.
        accuracy_change: its accuracy less the Keras model's.
        split: which faces.
        faithful: it stays within its limit: the Keras model's label on 99.5% of faces; of int8, accuracy at most one point lower.
        labels: it is the export that labels.
        held: the package holds it; else it was made to be compared.
    """

    name: str
    file: str
    bytes: int
    agreement: float
    accuracy: float
    accuracy_change: float
    split: str
    faithful: bool
    labels: bool = False
    held: bool = True


def answers(network: keras.Model, source: Source, split: str) -> Answers:
    """The network's logits on a split, by TensorFlow, behind the dataset's own preprocessing."""
    run = tf.function(lambda crops: network(source.graph(crops)['image'], training=False), reduce_retracing=True)
    with _all_digits():
        pairs = [(run(tf.constant(crops)).numpy(), labels) for crops, labels in source.crops(split)]
    return Answers(split, np.concatenate([pair[0] for pair in pairs]), np.concatenate([pair[1] for pair in pairs]))


@contextmanager
def _all_digits() -> Iterator[None]:
    """Products of float32 keep its 24 bits: on GPUs TensorFlow leaves them 11 (TF32), too few to compare an export with."""
    before = tf.config.experimental.tensor_float_32_execution_enabled()
    tf.config.experimental.enable_tensor_float_32_execution(False)
    try:
        yield
    finally:
        tf.config.experimental.enable_tensor_float_32_execution(before)


def parity_split(source: Source) -> str:
    """The split that exports are compared on: test, or validation where there is no test."""
    return 'test' if source.holds('test') else 'validation'


def compare(name: str, folder: Path, scores: np.ndarray, expected: Answers) -> ExportFigures:
    """Figures of an export.

    Args:
        name: of the export. folder: of the package.
        scores: float (n, k), what it says of the faces of `expected`, in their order.
    """
    predicted = scores.argmax(axis=1)
    agreement, change = float(np.mean(predicted == expected.logits.argmax(axis=1))), accuracy_change(scores, expected)
    return ExportFigures(
        name=name,
        file=FILES[name],
        bytes=bytes_of(folder / FILES[name]),
        agreement=agreement,
        accuracy=float(np.mean(predicted == expected.labels)),
        accuracy_change=change,
        split=expected.split,
        faithful=round(change, 9) >= -ACCURACY_LOSS if name == 'int8' else agreement >= AGREEMENT,
    )


def accuracy_change(scores: np.ndarray, expected: Answers) -> float:
    """The accuracy of scores, float (n, k), less that of the network."""
    accuracy, own = (float(np.mean(each.argmax(axis=1) == expected.labels)) for each in (scores, expected.logits))
    return accuracy - own


def section(every: tuple[ExportFigures, ...]) -> str:
    """The exports as a section of the card, in Markdown."""
    rows = '\n'.join(_row(figures) for figures in every)
    unfit = [figures.file for figures in every if not figures.faithful]
    note = f'\n\nLeft out, because its accuracy is more than a point lower: `{"`, `".join(unfit)}`.' if unfit else ''
    return f"""## Exports

On the {every[0].split} split: accuracy, the change against the Keras model, and the share of faces to which both give the same label.
Nothing but what becomes of int8 is decided by them.

| export | file | bytes | accuracy | change, points | same label | |
|---|---|---|---|---|---|---|
{rows}{note}"""


def _row(some: ExportFigures) -> str:
    figures = f'{some.bytes:,} | {some.accuracy:.2%} | {100 * some.accuracy_change:+.2f} | {some.agreement:.2%}'
    role = 'labels' if some.labels else '' if some.held else 'not in the package'
    return f'| {some.name} | `{some.file}` | {figures} | {role} |'


def bytes_of(path: Path) -> int:
    """Size of a file, or of all files of a folder."""
    files = [path] if path.is_file() else path.rglob('*')
    return sum(file.stat().st_size for file in files if file.is_file())
