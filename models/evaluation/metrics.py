"""What a model is worth on a split: pure functions on probabilities and labels."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .calibrate import uncalibrated
from .confidence import AtCoverage, ReliabilityBin, calibration_error, expected_error, reliability, risk_coverage

TINY = 1e-12


@dataclass(frozen=True)
class Metrics:
    """Figures of one split.

    Attributes:
        examples: number of faces.
        left_out: faces of the split that were not measured, as the model does not know their class.
        accuracy: share whose most probable class is the label.
        standard_error: of the accuracy, see `standard_error`.
        loss: mean negative log probability of the label.
        macro_f1: see `macro_f1`.
        calibration_error: see `calibration_error`.
        calibration_error_before: the same without the temperature.
        covered: share of faces at or over the abstention threshold.
        covered_accuracy: accuracy on these; None where there is none.
        recall: of each class; None where the split has none of it.
        confusion: rows are labels, columns predictions.
        reliability: see `reliability`.
        risk_coverage: see `risk_coverage`.
    """

    examples: int
    left_out: int
    accuracy: float
    standard_error: float
    loss: float
    macro_f1: float
    calibration_error: float
    calibration_error_before: float
    covered: float
    covered_accuracy: float | None
    recall: dict[str, float | None]
    confusion: list[list[int]]
    reliability: tuple[ReliabilityBin, ...]
    risk_coverage: tuple[AtCoverage, ...]


def measure(
    probabilities: np.ndarray,
    labels: np.ndarray,
    classes: tuple[str, ...],
    abstain_below: float = 0.0,
    temperature: float = 1.0,
    left_out: int = 0,
) -> Metrics:
    """All figures.

    Args:
        probabilities: float (n, k).
        labels: integers (n,), indices into `classes`.
        abstain_below: faces whose best probability is lower are abstained.
        temperature: what the logits were divided by.
        left_out: faces of the split that are not among these.
    Raises:
        ValueError: there is no example.
    """
    if not len(labels):
        raise ValueError('no examples to measure')
    predicted = probabilities.argmax(axis=1)
    right = predicted == labels
    confusion = confusion_matrix(labels, predicted, len(classes))
    covered = probabilities.max(axis=1) >= abstain_below
    bins = reliability(probabilities, labels)
    return Metrics(
        examples=len(labels),
        left_out=left_out,
        accuracy=float(right.mean()),
        standard_error=standard_error(float(right.mean()), len(labels)),
        loss=log_loss(probabilities, labels),
        macro_f1=macro_f1(confusion),
        calibration_error=expected_error(bins),
        calibration_error_before=calibration_error(uncalibrated(probabilities, temperature), labels),
        covered=float(covered.mean()),
        covered_accuracy=float(right[covered].mean()) if covered.any() else None,
        recall=dict(zip(classes, _recall(confusion), strict=True)),
        confusion=confusion.tolist(),
        reliability=bins,
        risk_coverage=risk_coverage(probabilities, labels),
    )


def standard_error(accuracy: float, examples: int) -> float:
    """Standard error of an accuracy, as of a share of so many independent draws: sqrt(p (1 - p) / n)."""
    return math.sqrt(accuracy * (1 - accuracy) / examples)


def log_loss(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Mean negative log probability of the labels."""
    chosen = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    return abs(float(np.log(np.clip(chosen, TINY, 1)).mean()))


def confusion_matrix(labels: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """int64 (classes, classes): row label, column prediction."""
    return np.bincount(labels * classes + predicted, minlength=classes * classes).reshape(classes, classes)


def macro_f1(confusion: np.ndarray) -> float:
    """Mean F1 over the classes that were labelled: one that the split has none of has no recall, and so no F1.

    So models that know more classes than the split are not marked down twice for naming them.
    """
    both = confusion.sum(axis=0) + confusion.sum(axis=1)
    seen = confusion.sum(axis=1) > 0
    return float(np.mean(2 * np.diag(confusion)[seen] / both[seen]))


def _recall(confusion: np.ndarray) -> list[float | None]:
    totals = confusion.sum(axis=1)
    return [float(hit / total) if total else None for hit, total in zip(np.diag(confusion), totals, strict=True)]
