"""Which architectures there are, asked in a process of its own: Keras, which knows, would stay in memory beside every training.

    python -m mien.models.compare.architectures NAME...

Prints the names, `all` spelled out, as one line of JSON.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from ...configs.errors import JobFailed, UsageError
from ..architectures.registry import ARCHITECTURES, builder, names
from .processes import run_quiet

ALL = 'all'
MODULE = 'mien.models.compare.architectures'


def spelled_out(asked: Sequence[str]) -> tuple[str, ...]:
    """The names, with all that there are where `all` is among them.

    Raises:
        JobFailed: they cannot be looked up.
        UsageError: there is no such architecture.
    """
    if set(asked) <= set(ARCHITECTURES):
        return tuple(asked)
    with tempfile.TemporaryDirectory() as folder:
        ended = run_quiet(MODULE, asked, Path(folder, 'log'))
    if ended.status == 2:
        raise UsageError(ended.reason)
    if ended.status:
        raise JobFailed(f'architectures {", ".join(asked)}: cannot be looked up ({ended.reason})')
    return tuple(json.loads(ended.lines[-1]))


def main(asked: Sequence[str]) -> int:
    """Checks and prints the names; gives the exit status."""
    said = [name for name in asked if name != ALL]
    try:
        for name in said:
            builder(name)
        known = list(dict.fromkeys([*(names() if ALL in asked else []), *said]))
    except UsageError as error:
        print(f'mien: {error}', file=sys.stderr)
        return 2
    print(json.dumps(known), flush=True)
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
