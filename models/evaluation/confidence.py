"""How far a model's scores can be believed: pure functions on probabilities and labels.

The score of a face is its greatest probability.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .calibrate import threshold

BINS = 15
COVERAGES = (1.0, 0.95, 0.9, 0.8)


@dataclass(frozen=True)
class ReliabilityBin:
    """The faces whose score lies in (low, high].

    Attributes:
        count: number of them.
        confidence: their mean score; None where there is none.
        accuracy: share of them that are right; None where there is none.
    """

    low: float
    high: float
    count: int
    confidence: float | None
    accuracy: float | None


@dataclass(frozen=True)
class AtCoverage:
    """What accuracy would be if only a share of the faces, those of the highest scores, were labelled.

    Attributes:
        asked: the share.
        score: the lowest score that is labelled.
        covered: share of faces that reach it: more than asked where scores are equal.
        accuracy: on these.
    """

    asked: float
    score: float
    covered: float
    accuracy: float


def reliability(probabilities: np.ndarray, labels: np.ndarray, bins: int = BINS) -> tuple[ReliabilityBin, ...]:
    """Equal bins over 0 to 1, by rising score; the curve of a reliability diagram.

    Args:
        probabilities: float (n, k).
        labels: integers (n,), indices into the k classes.
    Source: Guo et al. 2017, "On Calibration of Modern Neural Networks", sec. 2.
    """
    scores, right = _scores(probabilities, labels)
    place = np.clip(np.ceil(scores * bins).astype(int) - 1, 0, bins - 1)
    counts = np.bincount(place, minlength=bins).tolist()
    sums = zip(counts, np.bincount(place, scores, bins).tolist(), np.bincount(place, right, bins).tolist(), strict=True)
    means = [(count, score / count, hits / count) if count else (0, None, None) for count, score, hits in sums]
    return tuple(ReliabilityBin(index / bins, (index + 1) / bins, *mean) for index, mean in enumerate(means))


def calibration_error(probabilities: np.ndarray, labels: np.ndarray, bins: int = BINS) -> float:
    """Expected calibration error: |accuracy - confidence| of the bins, weighed by their faces. Few faces make it larger than it is.

    Source: Guo et al. 2017, "On Calibration of Modern Neural Networks", eq. 3.
    """
    return expected_error(reliability(probabilities, labels, bins))


def expected_error(bins: Sequence[ReliabilityBin]) -> float:
    """The calibration error of bins that are not all empty."""
    gaps = [one.count * abs(one.accuracy - one.confidence) for one in bins if one.accuracy is not None and one.confidence is not None]
    return float(sum(gaps) / sum(one.count for one in bins))


def risk_coverage(probabilities: np.ndarray, labels: np.ndarray, coverages: Sequence[float] = COVERAGES) -> tuple[AtCoverage, ...]:
    """Accuracy at some coverages, each by a score that is chosen on these very faces.

    Source: El-Yaniv & Wiener 2010, "On the Foundations of Noise-free Selective Classification", sec. 2.
    """
    scores, right = _scores(probabilities, labels)
    chosen = [(asked, threshold(probabilities, asked)) for asked in coverages]
    return tuple(AtCoverage(asked, low, float(np.mean(scores >= low)), float(right[scores >= low].mean())) for asked, low in chosen)


def _scores(probabilities: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return probabilities.max(axis=1).astype(np.float64), probabilities.argmax(axis=1) == labels
