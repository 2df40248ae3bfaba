"""Asks a store again and again for as long as an outage may last."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

from .errors import is_passing, translated

PATIENCE = 60.0  # seconds that an outage is waited out; the last try begins after them
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 5.0  # seconds between tries; a pause is twice the one before
_less: ContextVar[float | None] = ContextVar('patience', default=None)

T = TypeVar('T')


def ask(url: str, request: Callable[[], T]) -> T:
    """What the store answers to a request.

    Raises:
        OSError: see `errors`.
        UsageError: the store's client cannot name the key.
    """
    for is_last, pause in _tries():
        try:
            return request()
        except Exception as error:
            said = translated(error, url)
            if said is error:
                raise
            if is_last or not is_passing(error):
                raise said from error
        time.sleep(pause)
    raise AssertionError('unreachable')


@contextmanager
def less_patient(seconds: float) -> Iterator[None]:
    """Within the body, this thread gives an outage up after so long."""
    token = _less.set(seconds)
    try:
        yield
    finally:
        _less.reset(token)


def _tries() -> Iterator[tuple[bool, float]]:
    patience = _less.get()
    end = time.monotonic() + (PATIENCE if patience is None else patience)
    pause = FIRST_PAUSE
    while (left := end - time.monotonic()) > 0:
        yield False, min(pause, left)
        pause = min(2 * pause, LONGEST_PAUSE)
    yield True, 0.0
