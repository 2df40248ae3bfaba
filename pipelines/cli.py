"""The command line. Heavy imports stand inside the commands: `mien --help` answers at once."""

from __future__ import annotations

import errno
import logging
import sys

from ..configs.errors import JobFailed, UsageError
from .arguments import WRONG_CALL, parse
from .commands import COMMANDS, DONE
from .signals import ending_at_once
from .surroundings import Surroundings

FAILED = 1
NO_PATH = (errno.ENAMETOOLONG, errno.ELOOP)  # nothing of this name can be there
GOING_ON = ('label', 'build', 'train', 'compare', 'demo')  # the same command goes on where it stopped


def main(argv: list[str] | None = None) -> int:
    """Runs one command; gives its exit status."""
    words = list(sys.argv[1:] if argv is None else argv)
    words, beam = (words[: words.index('--')], words[words.index('--') + 1 :]) if '--' in words else (words, [])
    said = parse(words, beam)
    logging.basicConfig(level=logging.ERROR)  # Beam warns of much that no user can change
    try:
        with ending_at_once(said.command in GOING_ON), Surroundings():
            return COMMANDS[said.command](said) or DONE
    except UsageError as error:
        return _say(error, WRONG_CALL)
    except JobFailed as error:
        return _say(error, FAILED)
    except OSError as error:
        if error.errno not in NO_PATH or error.filename is None:
            raise
        return _say(UsageError(f'{error.filename!r}: {error.strerror}; name another one'), WRONG_CALL)


def _say(error: Exception, status: int) -> int:
    print(f'mien: {error}', file=sys.stderr)
    return status


if __name__ == '__main__':
    sys.exit(main())
