"""Runs a program that the kernel ends with whoever started it: a job server must not outlive the command that needed it.

python -m mien.pipelines.engines.tied PROGRAM ARGUMENT...
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # source: prctl(2)


def main(words: list[str]) -> None:
    """Becomes the program."""
    if sys.platform == 'linux':
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    os.execvp(words[0], words)


if __name__ == '__main__':
    main(sys.argv[1:])
