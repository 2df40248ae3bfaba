"""What a model is worth on a split: pure functions on probabilities and labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

BINS = 15
TINY = 1e-12


@dataclass(frozen=True)
class Metrics:
    """Figures of one split.

    Attributes:
        examples: number of faces.
        accuracy: share whose most probable class is the label.
        loss: mean negative log probability of the label.
        macro_f1: mean F1 over the classes that were labelled or predicted at all.
        calibration_error: see `calibration_error`.
        covered: share of faces at or over the abstention threshold.
        covered_accuracy: accuracy on these; None where there is none.
        recall: of each class; None where the split has none of it.
        confusion: rows are labels, columns predictions.
    """

    examples: int
    accuracy: float
    loss: float
    macro_f1: float
    calibration_error: float
    covered: float
    covered_accuracy: float | None
    recall: dict[str, float | None]
    confusion: list[list[int]]


def measure(probabilities: np.ndarray, labels: np.ndarray, classes: tuple[str, ...], abstain_below: float = 0.0) -> Metrics:
    """All figures.

    Args:
        probabilities: float (n, k).
        labels: integers (n,), indices into `classes`.
        abstain_below: faces whose best probability is lower are abstained.
    Raises:
        ValueError: there is no example.
    """
    if not len(labels):
        raise ValueError('no examples to measure')
    predicted = probabilities.argmax(axis=1)
    confusion = confusion_matrix(labels, predicted, len(classes))
    covered = probabilities.max(axis=1) >= abstain_below
    return Metrics(
        examples=len(labels),
        accuracy=float(np.mean(predicted == labels)),
        loss=log_loss(probabilities, labels),
        macro_f1=macro_f1(confusion),
        calibration_error=calibration_error(probabilities, labels),
        covered=float(covered.mean()),
        covered_accuracy=float(np.mean(predicted[covered] == labels[covered])) if covered.any() else None,
        recall=dict(zip(classes, _recall(confusion), strict=True)),
        confusion=confusion.tolist(),
    )


def log_loss(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Mean negative log probability of the labels."""
    chosen = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    return float(-np.log(np.maximum(chosen, TINY)).mean())


def confusion_matrix(labels: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """int64 (classes, classes): row label, column prediction."""
    return np.bincount(labels * classes + predicted, minlength=classes * classes).reshape(classes, classes)


def macro_f1(confusion: np.ndarray) -> float:
    """Mean F1 over the classes; one that was neither labelled nor predicted doesn't count."""
    both = confusion.sum(axis=0) + confusion.sum(axis=1)
    seen = both > 0
    return float(np.mean(2 * np.diag(confusion)[seen] / both[seen]))


def calibration_error(probabilities: np.ndarray, labels: np.ndarray, bins: int = BINS) -> float:
    """Expected calibration error: |accuracy - confidence| of the top class, over equal bins (low, high], weighed by their faces.

    Source: Guo et al. 2017, "On Calibration of Modern Neural Networks", eq. 3.
    """
    confidence = probabilities.max(axis=1).astype(np.float64)
    right = probabilities.argmax(axis=1) == labels
    place = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    return float(np.abs(np.bincount(place, right - confidence, bins)).sum() / len(labels))


def _recall(confusion: np.ndarray) -> list[float | None]:
    totals = confusion.sum(axis=1)
    return [float(hit / total) if total else None for hit, total in zip(np.diag(confusion), totals, strict=True)]
