"""What a model is worth on parts of a split: by how sharp, large, turned, bright and contrasty its faces are.

A measure's slices are quarters of the split: its quartiles are taken over all faces of the split, also those of classes that a model does
not know. So they are the same for every model on one dataset; on another dataset the bounds, which stand in each slice, are others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as pads

from ...configs.errors import JobFailed, UsageError
from ...storage.path import located
from ..data.dataset import Dataset
from ..data.store import is_stored, names
from .confidence import calibration_error
from .metrics import standard_error

# Of the faces table, by what they are called here. Of yaw and roll the size counts, to either side.
COLUMNS = {
    'sharpness': 'sharpness',
    'size': 'box_width',
    'yaw': 'yaw',
    'roll': 'roll',
    'brightness': 'brightness',
    'contrast': 'contrast',
}
QUARTILES = (0.25, 0.5, 0.75)
NO_TABLE, NOT_MEASURED, ALIKE = 'the dataset holds no faces table', 'not measured', 'the same for nearly all'


@dataclass(frozen=True)
class Slice:
    """Figures of the faces whose measure lies in (low, high]; the first slice holds its lower bound too.

    Attributes:
        measure: sharpness, size (width of the box in pixels of the photo), yaw and roll (to either side), brightness, contrast.
        examples: number of faces, at least 1.
        confidence: mean score.
        standard_error, calibration_error: as in `Metrics`.
    """

    measure: str
    low: float
    high: float
    examples: int
    accuracy: float
    standard_error: float
    confidence: float
    calibration_error: float


@dataclass(frozen=True)
class Slices:
    """All slices of a split, by measure, and why a measure has none."""

    slices: tuple[Slice, ...] = ()
    unsliced: dict[str, str] = field(default_factory=dict)

    def of(self, measure: str) -> list[Slice]:
        """The slices by one measure, by rising bounds."""
        return [one for one in self.slices if one.measure == measure]


def read_measures(dataset: Dataset, face_ids: list[str]) -> dict[str, np.ndarray]:
    """The measures of faces, each float64 (n,), NaN where it is not known; none at all where the dataset holds no faces table.

    Only what is asked is held: the table is read in pieces, without its crops.

    Raises:
        UsageError: the table can't be read.
        JobFailed: its store does not answer.
    """
    folder, asked = f'{dataset.folder}/faces', pa.array(face_ids, pa.string())
    if not names(folder):
        return {}
    try:
        found = pa.concat_tables(_read(folder, asked))
    except (OSError, pa.ArrowException) as error:
        problem = f'dataset {dataset.folder!r}: faces/ cannot be read ({str(error).splitlines()[0]})'
        if is_stored(folder) and isinstance(error, OSError):
            raise JobFailed(f'{problem}; run the same command again once the store answers') from error
        raise UsageError(f'{problem}; copy the whole folder again') from error
    rows = found.take(pc.index_in(asked, found['face_id']))
    return {name: np.abs(rows[column].to_numpy().astype(np.float64)) for name, column in COLUMNS.items()}


def _read(folder: str, asked: pa.Array) -> Iterator[pa.Table]:
    """The asked faces of each part of the table."""
    place = located(folder)
    for name in sorted(path.name for path in place.glob('*.parquet')):
        with (place / name).open('rb') as file:
            part = pads.ParquetFileFormat().make_fragment(file)
            yield part.to_table(columns=['face_id', *COLUMNS.values()], filter=pads.field('face_id').isin(asked))


def slice_up(probabilities: np.ndarray, labels: np.ndarray, measures: Mapping[str, np.ndarray], takes_part: np.ndarray) -> Slices:
    """The slices of a split.

    Args:
        probabilities: float (n, k) of the faces that take part. labels: integers (n,), indices into the k classes.
        measures: of all faces of the split, float64 (m,), NaN where not known.
        takes_part: bool (m,), n of them true.
    """
    slices, unsliced = [], {}
    for name in COLUMNS:
        bounds = quarters(measures[name]) if name in measures else NO_TABLE
        if isinstance(bounds, str):
            unsliced[name] = bounds
        else:
            slices += _slices(name, bounds, measures[name][takes_part], probabilities, labels)
    return Slices(tuple(slices), unsliced)


def quarters(values: np.ndarray) -> np.ndarray | str:
    """Bounds of the quarters of some values, fewer where quartiles are equal, from the least to the greatest; or why there are none.

    Every bound is one of the values, so that equal ones never fall on two sides.
    """
    known = values[~np.isnan(values)]
    if not len(known):
        return NOT_MEASURED
    inner = np.unique(np.quantile(known, QUARTILES, method='inverted_cdf'))
    inner = inner[inner < known.max()]
    return np.array([known.min(), *inner, known.max()]) if len(inner) else ALIKE


def _slices(name: str, bounds: np.ndarray, values: np.ndarray, probabilities: np.ndarray, labels: np.ndarray) -> list[Slice]:
    place = np.where(np.isnan(values), -1, np.searchsorted(bounds[1:-1], values, side='left'))
    chosen = [(low, high, place == index) for index, (low, high) in enumerate(pairwise(bounds))]
    return [_slice(name, float(low), float(high), probabilities[some], labels[some]) for low, high, some in chosen if some.any()]


def _slice(name: str, low: float, high: float, probabilities: np.ndarray, labels: np.ndarray) -> Slice:
    accuracy = float(np.mean(probabilities.argmax(axis=1) == labels))
    return Slice(
        measure=name,
        low=low,
        high=high,
        examples=len(labels),
        accuracy=accuracy,
        standard_error=standard_error(accuracy, len(labels)),
        confidence=float(probabilities.max(axis=1).astype(np.float64).mean()),
        calibration_error=calibration_error(probabilities, labels),
    )
