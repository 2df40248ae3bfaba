"""Ends a command at once when it is told to: what is written is whole or not there, so nothing has to be cleaned up first."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

WORDS = {signal.SIGINT: 'interrupted', signal.SIGTERM: 'stopped'}


@contextmanager
def ending_at_once(goes_on: bool) -> Iterator[None]:
    """Says one line and ends the process with status 128 + signal, however many threads are in whatever library.

    No exception is raised: libraries swallow it, and worker threads would be waited for. A signal that is ignored stays so.

    Args:
        goes_on: whether the same command goes on where it stopped.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    screen = os.dup(2)  # the descriptor 2 of later may be a file
    text = '; the same command goes on where it stopped' if goes_on else ''

    def end(number: int, frame: FrameType | None) -> None:
        clear = '\r\x1b[K' if os.isatty(screen) else ''
        os.write(screen, f'{clear}mien: {WORDS[signal.Signals(number)]}{text}\n'.encode())
        os._exit(128 + number)

    before = {number: signal.getsignal(number) for number in WORDS}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, end)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        os.close(screen)
