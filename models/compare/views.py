"""What a person is shown of the rows: tables of texts, the same in Markdown and in HTML."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from .row import FAILED, OK, Row
from .texts import NOTHING, megabytes, number, percent, seconds


@dataclass(frozen=True)
class View:
    """A table.

    Attributes:
        title: its heading. note: what to know to read it.
        head: names of the columns; the first is the run.
        rows: texts, as many as in `head`.
        strong: rows that stand out, by their places.
    """

    title: str
    note: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    strong: frozenset[int] = frozenset()


def views(rows: Sequence[Row], best: Collection[str]) -> list[View]:
    """All tables that have a row.

    Args:
        best: ids of the best runs.
    """
    finished = [row for row in rows if row.status == OK]
    all_views = [
        _results(rows, best),
        _recall(finished, best),
        _view('Cost', COST_NOTE, COST, finished, best),
        _exports(finished),
        _view('Training', TRAINING_NOTE, TRAINING, [row for row in rows if row.epochs_asked is not None], best),
        _view('Failed', '', FAILURES, [row for row in rows if row.status == FAILED], ()),
    ]
    return [view for view in all_views if view.rows]


def _accuracy(row: Row) -> str:
    return percent(row.accuracy) if row.accuracy is None else f'{percent(row.accuracy)} ± {row.standard_error or 0:.2%}'


def _expected(row: Row) -> str:
    return NOTHING if row.expected is None else f'{percent(row.expected)}{"" if row.met is None else " met" if row.met else " not met"}'


def tested(row: Row) -> str:
    """What a run was measured on."""
    faces = '' if row.examples is None else f', {row.examples:,} faces'
    left_out = f' ({row.left_out:,} left out)' if row.left_out else ''
    seen = f' ({row.seen:,} seen in training)' if row.seen else ''
    return f'{row.split} of {row.test}{faces}{left_out}{seen}'


def _epochs(row: Row) -> str:
    return f'{number(row.epochs_run, "d")} of {number(row.epochs_asked, "d")}'


Columns = dict[str, Callable[[Row], str]]

RESULTS_NOTE = (
    'Accuracy, its standard error, and the rest are of the export that labels. Reported: what the recipe says that it should reach. '
    'Only accuracies on the same faces can be compared.'
)
RESULTS: Columns = {
    'run': lambda row: row.id,
    'trained on': lambda row: row.dataset or NOTHING,
    'network': lambda row: row.architecture or NOTHING,
    'weights': lambda row: row.weights or NOTHING,
    'classes': lambda row: NOTHING if row.classes is None else str(len(row.classes)),
    'status': lambda row: row.status,
    'accuracy': _accuracy,
    'reported': _expected,
    'macro F1': lambda row: number(row.macro_f1, '.4f'),
    'loss': lambda row: number(row.loss, '.4f'),
    'calibration error': lambda row: number(row.calibration_error, '.4f'),
}
TESTED: Columns = {'measured on': tested}
COST_NOTE = (
    "Cold: from the start of a fresh process, through its imports and the check of all the package's files, to its first prediction. "
    'Warm: opening the export that labels, to its first prediction. One face and faces a second: processor time, the latter in batches '
    'of 256. Medians.'
)
COST: Columns = {
    'run': lambda row: row.id,
    'parameters': lambda row: number(row.parameters, ',d'),
    'Keras': lambda row: megabytes(row.keras_bytes),
    'TFLite': lambda row: megabytes(row.tflite_bytes),
    'int8 TFLite': lambda row: megabytes(row.int8_bytes),
    'labels with': lambda row: row.export or NOTHING,
    'cold': lambda row: seconds(row.load_cold),
    'warm': lambda row: seconds(row.load_warm),
    '1 face': lambda row: seconds(row.latency),
    'faces a second': lambda row: number(row.faces_per_second, ',.0f'),
}
TRAINING_NOTE = (
    'Accuracy on train is that of the training itself, with augmentation and dropout, in the epoch whose weights were taken; where '
    'teachers or mixup have changed the targets, right is the class that these name.'
)
TRAINING: Columns = {
    'run': lambda row: row.id,
    'batch': lambda row: number(row.batch_size, 'd'),
    'rate': lambda row: number(row.learning_rate, 'g'),
    'seed': lambda row: number(row.seed, 'd'),
    'epochs': _epochs,
    'ended by': lambda row: row.ended or NOTHING,
    'on': lambda row: row.device or NOTHING,
    'time': lambda row: seconds(row.train_seconds),
    'accuracy on train': lambda row: percent(row.training_accuracy),
    'package': lambda row: row.package or NOTHING,
    'model': lambda row: row.model or NOTHING,
}
FAILURES: Columns = {'run': lambda row: row.id, 'reason': lambda row: row.reason or NOTHING}


def _view(title: str, note: str, columns: Columns, rows: Sequence[Row], best: Collection[str]) -> View:
    strong = frozenset(place for place, row in enumerate(rows) if row.id in best)
    return View(title, note, tuple(columns), tuple(tuple(text(row) for text in columns.values()) for row in rows), strong)


def _results(rows: Sequence[Row], best: Collection[str]) -> View:
    """What all were measured on is said once where it is the same for all."""
    places = {tested(row) for row in rows if row.status == OK}
    same = f'All are measured on {places.pop()}.' if len(places) == 1 else ''
    wrong = [f'{row.id} also says {", ".join(row.absent)}, which there is none of: counted as wrong.' for row in rows if row.absent]
    taught = [f'{row.id} has learnt from {", ".join(row.teachers)}, too.' for row in rows if row.teachers]
    note = ' '.join([RESULTS_NOTE, *filter(None, [same]), *wrong, *taught])
    return _view('Results', note, RESULTS if same else RESULTS | TESTED, rows, best)


def _recall(rows: Sequence[Row], best: Collection[str]) -> View:
    names = list(dict.fromkeys(name for row in rows for name in row.recall or ()))
    columns: Columns = {'run': lambda row: row.id}
    columns |= {name: lambda row, name=name: percent((row.recall or {}).get(name)) for name in names}  # type: ignore[misc]
    return _view('Recall', 'Share of the faces of a class that are named so.', columns, rows, best)


def _exports(rows: Sequence[Row]) -> View:
    """A line for each export; strong are those that are fastest at no measured loss."""
    lines: list[tuple[str, ...]] = []
    strong: set[int] = set()
    for row in rows:
        for one in row.exports or ():
            if one.file == row.fastest:
                strong.add(len(lines))
            speed = (seconds(one.load_warm), seconds(one.latency), f'{one.faces_per_second:,.0f}')
            lines.append((row.id, one.file, megabytes(one.bytes), percent(one.accuracy), *speed))
    note = (
        'Strong: the fastest of a package at no measured loss, that is, no less accurate here than its float TFLite, or without one than '
        'its Keras model when it was made.'
    )
    head = ('run', 'export', 'size', 'accuracy', 'warm', '1 face', 'faces a second')
    return View('Exports', note, head, tuple(lines), frozenset(strong))
