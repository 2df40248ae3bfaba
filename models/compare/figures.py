"""Measures a run's package, each time in a fresh process."""

from __future__ import annotations

import statistics
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from .files import Places
from .measured import Measured, from_json
from .plan import Run, Training
from .processes import run_quiet, seconds_to_first_line

MEASURE, FIRST = 'mien.models.compare.measure', 'mien.models.compare.first'
COLD_STARTS = 5


@dataclass(frozen=True)
class Figures:
    """What was measured, and the median seconds from the start of a fresh process to its first prediction."""

    measured: Measured
    load_cold: float


def figures(package: str, run: Run, split: str, places: Places) -> Figures | str:
    """Measures a package; gives why it can't be where it can't."""
    with tempfile.TemporaryDirectory() as folder:
        face = str(Path(folder, 'face.npy'))
        trained_on = [run.source.dataset.folder] if isinstance(run.source, Training) and run.source.dataset != run.test else []
        ended = run_quiet(MEASURE, [package, run.test.folder, split, face, *trained_on], places.log(run.id))
        if ended.status:
            return ended.reason
        try:
            cold = statistics.median(seconds_to_first_line(FIRST, [package, face]) for _ in range(COLD_STARTS))
        except subprocess.CalledProcessError as error:
            return f'a fresh process does not open it: {error}'
        return Figures(from_json(ended.lines[-1]), cold)
