"""Makes a model's scores honest, on the validation split: a temperature, and the score below which it had better say nothing."""

from __future__ import annotations

import math

import numpy as np

RANGE = (0.02, 50.0)
STEPS = 60


def temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """What to divide the logits by so that the labels' log loss is least, between 0.02 and 50.

    The loss is convex in the inverse temperature, so its slope is halved in on. Of n faces a share of 1 / (n + 2) counts as labelled by
    chance: where all of few faces are right, the best temperature would else be 0, and every other face certain.

    Args:
        logits: float (n, k). labels: integers (n,).
    Sources: Guo et al. 2017, "On Calibration of Modern Neural Networks", sec. 4.2; Platt 1999, "Probabilistic outputs for support vector
        machines", sec. 2.2, of the targets.
    """
    logits = logits.astype(np.float64)
    by_chance = 1 / (len(labels) + 2)
    given = (1 - by_chance) * logits[np.arange(len(labels)), labels] + by_chance * logits.mean(axis=1)
    low, high = (math.log(1 / bound) for bound in reversed(RANGE))
    for _ in range(STEPS):
        middle = (low + high) / 2
        expected = (softmax(logits * math.exp(middle)) * logits).sum(axis=1)
        low, high = (low, middle) if np.mean(expected - given) > 0 else (middle, high)
    return math.exp(-(low + high) / 2)


def threshold(probabilities: np.ndarray, coverage: float) -> float:
    """The greatest score that leaves at least this share of faces at or over it; 0 for full coverage.

    Args:
        probabilities: float32 (n, k).
        coverage: share of faces that are not abstained.
    """
    if coverage >= 1 or not len(probabilities):
        return 0.0
    best = np.sort(probabilities.max(axis=1))[::-1]
    return float(best[max(math.ceil(round(coverage * len(best), 6)), 1) - 1])


def uncalibrated(probabilities: np.ndarray, degrees: float) -> np.ndarray:
    """The probabilities, float64 (n, k), that a temperature has made these of: softmax of the logits as they were."""
    powers = probabilities.astype(np.float64) ** degrees
    total: np.ndarray = powers.sum(axis=-1, keepdims=True)
    return powers / total


def softmax(logits: np.ndarray) -> np.ndarray:
    """Softmax over the last axis."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)
