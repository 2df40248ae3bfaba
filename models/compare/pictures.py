"""The pictures of a comparison, PNG."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from ..plots.plot import Confusion, calibration_png, confusions_png, training_png
from ..plots.scatter import Point, scatter_png
from .result import Result
from .row import OK
from .views import tested

SPEED = 'faces a second, in batches, on one thread'


def draw(results: Sequence[Result], best: Collection[str], folder: Path) -> list[Path]:
    """Draws what there is to draw and removes other pictures; gives their paths.

    Args:
        best: ids of the best runs.
    """
    finished = [result for result in results if result.row.status == OK]
    folder.mkdir(parents=True, exist_ok=True)
    pictures = {folder / name: how for name, how in _pictures(finished, best).items()}
    for path, how in pictures.items():
        how(path)
    for path in folder.glob('*.png'):
        if path not in pictures:
            path.unlink()
    return list(pictures)


def _pictures(finished: Sequence[Result], best: Collection[str]) -> dict[str, Callable[[Path], None]]:
    if not finished:
        return {}
    sizes = [_point(result, result.row.bytes or 1, best) for result in finished]
    speeds = [_point(result, result.row.faces_per_second or 1.0, best) for result in finished]
    curves = {result.row.id: result.reliability for result in finished}
    histories = {result.row.id: result.history for result in finished if result.history}
    pictures: dict[str, Callable[[Path], None]] = {
        'accuracy-size.png': lambda path: scatter_png(sizes, 'size of the file that labels', 'Accuracy against size', path, 'B'),
        'accuracy-speed.png': lambda path: scatter_png(speeds, SPEED, 'Accuracy against speed', path),
        'calibration.png': lambda path: calibration_png(curves, 'Calibration', path),
    }
    if histories:
        pictures['training.png'] = lambda path: training_png(histories, 'Training', path)
    return pictures | {f'confusion-{result.row.id}.png': _confusion(result) for result in finished}


def _point(result: Result, x: float, best: Collection[str]) -> Point:
    row = result.row
    return Point(row.id, x, row.accuracy or 0.0, row.standard_error or 0.0, tested(row), row.id in best)


def _confusion(result: Result) -> Callable[[Path], None]:
    return lambda path: confusions_png([Confusion(result.row.id, result.confusion, result.row.classes or ())], path)
