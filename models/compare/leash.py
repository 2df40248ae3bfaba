"""Runs a module as `python -m` does, in a process that dies with the one that started it.

    python -m mien.models.compare.leash ALIVE MODULE WORD...

When the pipe ALIVE ends, the parent is gone, however it went, and so is this process at once: what `mien` writes is whole or not there.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
import threading


def main(alive: int, module: str, words: list[str]) -> None:
    """Runs the module to its end."""
    threading.Thread(target=_die_with_parent, args=(alive,), daemon=True).start()
    sys.argv = [module, *words]
    runpy.run_module(module, run_name='__main__', alter_sys=True)


def _die_with_parent(alive: int) -> None:
    os.read(alive, 1)
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == '__main__':
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3:])
