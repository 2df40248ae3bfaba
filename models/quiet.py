"""Keeps what TensorFlow tells a person at every start away from the screen."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def stderr_kept() -> Iterator[None]:
    """Keeps in memory what goes to file descriptor 2 while the body runs, and shows it where the body fails.

    TensorFlow 2.21 logs its start-up whatever TF_CPP_MIN_LOG_LEVEL says.
    """
    sys.stderr.flush()
    screen = os.dup(2)
    with open(os.memfd_create('mien-stderr'), 'w+b') as kept:
        os.dup2(kept.fileno(), 2)
        try:
            yield
        except BaseException:
            _restore(screen)
            kept.seek(0)
            sys.stderr.write(kept.read().decode(errors='replace'))
            raise
        _restore(screen)


def _restore(screen: int) -> None:
    sys.stderr.flush()
    os.dup2(screen, 2)
    os.close(screen)
