"""Keeps what Beam and its job servers log from the terminal, and their last lines for the case that they fail."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

KEPT = 20  # lines


class _Last(logging.Handler):
    """Keeps the last lines of a log."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.lines: deque[str] = deque(maxlen=KEPT)

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


@contextmanager
def kept_quiet(engine: str) -> Iterator[deque[str]]:
    """Nothing of Beam's own loggers reaches the terminal; gives the last lines of the engine's job server.

    The levels are not put back: threads of Beam's go on after the body. What mien says is printed, and stays.
    """
    last = _Last()
    server = logging.getLogger(f'{engine.capitalize()}JarJobServer')
    server.setLevel(logging.INFO)
    server.propagate = False
    server.addHandler(last)
    logging.getLogger('apache_beam').setLevel(logging.CRITICAL)
    try:
        yield last.lines
    finally:
        server.removeHandler(last)
