"""What is measured of a package, as it goes from the process that measures to the one that tells."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from ..evaluation.confidence import ReliabilityBin


@dataclass(frozen=True)
class MeasuredExport:
    """One export of a package, run on one thread, but for a SavedModel, which takes what it finds.

    Attributes:
        file: its name.
        bytes: its size.
        accuracy: on the split.
        load_warm: seconds to open it and label one face, in a process that has all imported.
        latency: processor seconds for one face.
        faces_per_second: in batches of 256, by processor seconds.
    """

    file: str
    bytes: int
    accuracy: float
    load_warm: float
    latency: float
    faces_per_second: float


@dataclass(frozen=True)
class Measured:
    """A package on a split.

    Attributes:
        model: `name@digest`.
        test: `name@digest` of the dataset.
        export: file name of the export that labels; the figures are its.
        parameters: of the Keras model; None where the package has none that can be read.
        absent: classes of the model that the dataset does not know; a face that is named so counts as wrong.
        seen: faces that it was trained on, though they are another dataset's; None: they were not looked for.
        examples, left_out, accuracy, standard_error, loss, macro_f1, calibration_error, recall, confusion, reliability: see `Metrics`.
        exports: each one.
    """

    model: str
    test: str
    split: str
    export: str
    parameters: int | None
    absent: tuple[str, ...]
    seen: int | None
    examples: int
    left_out: int
    accuracy: float
    standard_error: float
    loss: float
    macro_f1: float
    calibration_error: float
    recall: dict[str, float | None]
    confusion: list[list[int]]
    reliability: tuple[ReliabilityBin, ...]
    exports: tuple[MeasuredExport, ...]

    @property
    def labelling(self) -> MeasuredExport:
        """The figures of the export that labels."""
        return next(one for one in self.exports if one.file == self.export)


def to_json(measured: Measured) -> str:
    """One line."""
    return json.dumps(asdict(measured))


def from_json(line: str) -> Measured:
    """The same again."""
    said: dict[str, Any] = json.loads(line)
    tuples = {
        'absent': tuple(said['absent']),
        'reliability': tuple(ReliabilityBin(**one) for one in said['reliability']),
        'exports': tuple(MeasuredExport(**one) for one in said['exports']),
    }
    return Measured(**said | tuples)
