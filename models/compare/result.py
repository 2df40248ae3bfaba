"""What a run has come to, on disk: it is measured once, since no clock says the same twice."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ..evaluation.confidence import ReliabilityBin
from ..whole import write_whole
from .measured import MeasuredExport
from .row import Row


@dataclass(frozen=True)
class Result:
    """A row, and the curves that its pictures are drawn from; these are empty where the run failed.

    Attributes:
        confusion: rows are labels, columns predictions.
        reliability: see `Metrics`.
        history: figures of each epoch, by name.
        files: SHA-256 of the package's files by name, as they were measured.
    """

    row: Row
    confusion: tuple[tuple[int, ...], ...] = ()
    reliability: tuple[ReliabilityBin, ...] = ()
    history: tuple[dict[str, float], ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)


def write(result: Result, path: Path) -> None:
    """Writes it as JSON."""
    write_whole(path, json.dumps(asdict(result), indent=1) + '\n')


def read(path: Path) -> Result | None:
    """What stands on disk; None where nothing does, or what another version of mien wrote."""
    try:
        return _parsed(json.loads(path.read_text()))
    except (FileNotFoundError, ValueError, TypeError, KeyError):
        return None


def _parsed(said: dict[str, Any]) -> Result:
    row = said['row']
    exports = row['exports'] and tuple(MeasuredExport(**one) for one in row['exports'])
    tuples = {name: tuple(row[name]) for name in ('teachers', 'classes', 'absent') if row.get(name) is not None}
    return Result(
        Row(**row | {'exports': exports} | tuples),
        tuple(tuple(counts) for counts in said['confusion']),
        tuple(ReliabilityBin(**one) for one in said['reliability']),
        tuple(said['history']),
        said['files'],
    )
