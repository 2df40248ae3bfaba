"""Keeps what TensorFlow tells a person at every start away from the screen."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def stderr_kept(path: Path) -> Iterator[None]:
    """Sends file descriptor 2 into a file while the body runs, and shows the file where the body fails.

    TensorFlow 2.21 logs its start-up whatever TF_CPP_MIN_LOG_LEVEL says.
    """
    sys.stderr.flush()
    screen = os.dup(2)
    with open(path, 'wb') as file:
        os.dup2(file.fileno(), 2)
    try:
        yield
    except BaseException:
        _restore(screen)
        with open(path, errors='replace') as said:
            shutil.copyfileobj(said, sys.stderr)
        raise
    _restore(screen)


def _restore(screen: int) -> None:
    sys.stderr.flush()
    os.dup2(screen, 2)
    os.close(screen)
