"""One row of the table: what a run was asked, what came of it, what it costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..manifest import FILES
from .measured import Measured, MeasuredExport

OK, FAILED = 'ok', 'failed'


@dataclass(frozen=True, kw_only=True)
class Row:
    """What is not known, or means nothing here, is None. Sizes are bytes, times seconds.

    Attributes:
        id: of the run.
        status, reason: ok; or failed, and why.
        dataset: `name@digest` of what it was trained on.
        test, split: `name@digest` of what it was measured on, and which split of that.
        architecture, weights: the network, and what it began with.
        teachers: packages whose probabilities it has learnt too, `name@digest`; of a training that has failed, as they were asked for.
        classes: in the order of the probabilities.
        batch_size, learning_rate, seed: of the training, as they were asked for.
        epochs_asked, epochs_run, ended: epochs at most, how many were run, and what ended them.
        device: what the training calculated on: cpu, gpu or tpu.
        train_seconds: of training and validation.
        package: its folder, from the table's if it was trained here. model: `name@digest`.
        parameters: of the network.
        examples, left_out: faces measured; faces of classes that the model does not know.
        absent: classes of the model that the dataset does not know; a face that is named so counts as wrong.
        seen: faces measured that it was trained on, where these are of different datasets and a training is what is measured.
        accuracy, standard_error, loss, macro_f1, calibration_error, recall: of the labelling export, as in `Metrics`.
        training_accuracy: on train, with augmentation and dropout, in the epoch whose weights these are; where teachers or mixup have
            changed the targets, right is the class that these name.
        expected, met: the accuracy that the recipe should reach, and whether it does.
        keras_bytes, tflite_bytes, int8_bytes: sizes of the files. bytes: of the one that labels, export.
        load_cold: from the start of a fresh process, through its imports, to the first prediction.
        load_warm: opening it again to the first prediction. latency: for one face. faces_per_second: in batches of 256.
        fastest: the export of most faces a second at no measured loss: no less accurate here than the float TFLite, or in a package without
            one than the Keras model, by what was measured when it was made.
        exports: the same figures of each.
    """

    id: str
    status: str
    reason: str | None = None
    dataset: str | None = None
    test: str
    split: str
    architecture: str | None = None
    weights: str | None = None
    teachers: tuple[str, ...] | None = None
    classes: tuple[str, ...] | None = None
    batch_size: int | None = None
    learning_rate: float | None = None
    seed: int | None = None
    epochs_asked: int | None = None
    epochs_run: int | None = None
    ended: str | None = None
    device: str | None = None
    train_seconds: float | None = None
    package: str | None = None
    model: str | None = None
    parameters: int | None = None
    examples: int | None = None
    left_out: int | None = None
    absent: tuple[str, ...] | None = None
    seen: int | None = None
    accuracy: float | None = None
    standard_error: float | None = None
    training_accuracy: float | None = None
    expected: float | None = None
    met: bool | None = None
    loss: float | None = None
    macro_f1: float | None = None
    calibration_error: float | None = None
    recall: dict[str, float | None] | None = None
    keras_bytes: int | None = None
    tflite_bytes: int | None = None
    int8_bytes: int | None = None
    bytes: int | None = None
    export: str | None = None
    load_cold: float | None = None
    load_warm: float | None = None
    latency: float | None = None
    faces_per_second: float | None = None
    fastest: str | None = None
    exports: tuple[MeasuredExport, ...] | None = None


def failed(row: Row, reason: str, epochs_run: int | None = None) -> Row:
    """A row that says why there are no figures."""
    return replace(row, status=FAILED, reason=reason, epochs_run=epochs_run)


def expecting(row: Row, expected: float | None) -> Row:
    """A row with the accuracy that its recipe should reach."""
    met = None if expected is None or row.accuracy is None else row.accuracy >= expected
    return replace(row, expected=expected, met=met)


def with_figures(row: Row, measured: Measured, load_cold: float, keras_bytes: int | None, change: float | None) -> Row:
    """A row with what was measured.

    Args:
        keras_bytes: size of the Keras file; None: there is none.
        change: see `fastest`.
    """
    sizes, own = {one.file: one.bytes for one in measured.exports}, measured.labelling
    return replace(
        row,
        status=OK,
        model=measured.model,
        parameters=measured.parameters if row.parameters is None else row.parameters,
        examples=measured.examples,
        left_out=measured.left_out,
        absent=measured.absent,
        seen=measured.seen,
        accuracy=measured.accuracy,
        standard_error=measured.standard_error,
        loss=measured.loss,
        macro_f1=measured.macro_f1,
        calibration_error=measured.calibration_error,
        recall=measured.recall,
        keras_bytes=keras_bytes,
        tflite_bytes=sizes.get(FILES['float']),
        int8_bytes=sizes.get(FILES['int8']),
        bytes=own.bytes,
        export=measured.export,
        load_cold=load_cold,
        load_warm=own.load_warm,
        latency=own.latency,
        faces_per_second=own.faces_per_second,
        fastest=fastest(measured.exports, measured.export, change or 0.0),
        exports=measured.exports,
    )


def fastest(exports: Sequence[MeasuredExport], labelling: str, change: float) -> str | None:
    """File of the fastest export in batches at no measured loss; None where each of them has lost some.

    Args:
        labelling: file of the export that labels.
        change: its accuracy less the Keras model's, when it was made. Where there is no float TFLite to be compared with, that model's
            accuracy is what is left when the change is taken off.
    """
    by_file = {one.file: one for one in exports}
    least = by_file[FILES['float']].accuracy if FILES['float'] in by_file else by_file[labelling].accuracy - change
    kept = [one for one in exports if one.accuracy >= least]
    return max(kept, key=lambda one: one.faces_per_second).file if kept else None
