"""Photos that a test makes: smooth colours from a seed. With --whole-image each has a face."""

from pathlib import Path

import cv2
import numpy as np


def make_photos(folder: Path, count: int, size: int = 96, seed: int = 7) -> Path:
    """Writes `0000.jpg`, `0001.jpg`, ... of size x size pixels."""
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(seed)
    for index in range(count):
        colours = random.integers(0, 256, (8, 8, 3), np.uint8)
        cv2.imwrite(str(folder / f'{index:04d}.jpg'), cv2.resize(colours, (size, size), interpolation=cv2.INTER_CUBIC))
    return folder
