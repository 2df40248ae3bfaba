"""Tells what the surroundings did (a full disk, a broken one, too many open files) from bugs of ours."""

from __future__ import annotations

import errno
import logging
import os
import re
from dataclasses import dataclass
from types import TracebackType

from ..configs.errors import JobFailed, UsageError

REMEDIES = {
    errno.ENOSPC: 'make room',
    errno.EDQUOT: 'make room or have the quota raised',
    errno.EIO: 'check the disk or the connection',
    errno.EACCES: 'grant access',
    errno.EROFS: 'have the file system made writable',
    errno.EMFILE: 'raise the limit of open files (ulimit -n)',
    errno.ENFILE: 'close files or raise the limit of open files of the system',
    errno.ENOMEM: 'free memory or say fewer --workers',
    errno.ESTALE: 'mount the file system again',
    errno.ETIMEDOUT: 'check the connection',
}
REASONS = {os.strerror(code): code for code in REMEDIES}
LOUD = (
    'apache_beam.runners.common',
    'apache_beam.runners.worker.sdk_worker',
    'apache_beam.runners.worker.data_plane',
    'apache_beam.runners.portability.local_job_service',
)
_PATH = r'(?:: b?(?P<quote>[\'"])(?P<path>.+?)(?P=quote))?'
_SAID = re.compile(rf'(?:\[Errno \d+\][^\n]*?|; )(?P<reason>{"|".join(map(re.escape, REASONS))}){_PATH}')


@dataclass(frozen=True)
class Fault:
    """What failed around us.

    Attributes:
        path: where, as far as it is known.
    """

    code: int
    path: str | None

    def __str__(self) -> str:
        where = f' ({self.path})' if self.path else ''
        return f'{os.strerror(self.code)}{where}; what is finished is kept: {REMEDIES[self.code]}, then the same command goes on'


def fault(error: BaseException) -> Fault | None:
    """What the surroundings did, or None where it may be a bug.

    A runner hands on the text of an error alone, the whole traceback of a worker: the last line is the error.
    """
    lines = str(error).strip().splitlines()
    said = _SAID.search(lines[-1]) if lines else None
    return Fault(REASONS[said['reason']], said['path']) if said else None


def is_fault(error: OSError) -> bool:
    """Whether a wrong call can't be the reason, as it is where nothing may be written from the start."""
    return error.errno in REMEDIES.keys() - {errno.EROFS, errno.EACCES}


class Surroundings:
    """Turns what the surroundings did while the body ran into JobFailed, in one line; leaves everything else as it is.

    Args:
        job: what the line begins with.
    """

    def __init__(self, job: str = '') -> None:
        self._job = job

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        found = fault(error) if isinstance(error, Exception) and not isinstance(error, JobFailed | UsageError) else None
        if found is not None:
            raise JobFailed(f'{self._job}{found}') from error


def say_once() -> None:
    """Keeps Beam's workers from printing and logging an error three times before it is raised with its traceback as text."""
    from apache_beam.runners.worker import sdk_worker

    vars(sdk_worker)['print'] = lambda *said, **how: None  # the module prints nothing else
    for name in LOUD:
        logging.getLogger(name).setLevel(logging.CRITICAL)
