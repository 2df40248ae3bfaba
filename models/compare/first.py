"""All that a fresh process does until it has its first answer.

    python -m mien.models.compare.first PACKAGE FACE

FACE is an .npy file of one crop, uint8 (size, size, channels). Prints a line when the probabilities are there.
"""

from __future__ import annotations

import sys

import numpy as np

from ..package import find
from ..predictor import Predictor


def first(package: str, face: np.ndarray) -> np.ndarray:
    """Opens a package, its files checked as always, and labels one face; float32 (1, k)."""
    return Predictor(find(package)).predict(face[None])


if __name__ == '__main__':
    print(first(sys.argv[1], np.load(sys.argv[2], allow_pickle=False)).shape, flush=True)
