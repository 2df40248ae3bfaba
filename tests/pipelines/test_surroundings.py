"""What the surroundings did is told from bugs of ours, and said in one line with the remedy."""

import errno
import os

import pytest

from mien.configs.errors import JobFailed, UsageError
from mien.pipelines.surroundings import Fault, Surroundings, fault

KEPT = 'what is finished is kept'


@pytest.mark.parametrize(
    ('error', 'said'),
    [
        (OSError(errno.ENOSPC, 'No space left on device', '/a/b'), f'No space left on device (/a/b); {KEPT}: make room, then the same'),
        (OSError(errno.ENOSPC, 'No space left on device'), f'No space left on device; {KEPT}: make room, then the same'),
        (OSError(errno.EIO, os.strerror(errno.EIO), b'/a'), f'Input/output error (/a); {KEPT}: check the disk or the connection, then'),
        (OSError(errno.EMFILE, os.strerror(errno.EMFILE), '/a'), f'Too many open files (/a); {KEPT}: raise the limit of open files'),
        (OSError(errno.ENOSPC, 'No space left on device', "/John's"), f"No space left on device (/John's); {KEPT}: make room"),
        (OSError(errno.EACCES, os.strerror(errno.EACCES), '/from', None, '/to'), f'Permission denied (/from); {KEPT}: grant access'),
    ],
)
def test_a_fault_names_the_thing_and_the_remedy(error, said):
    assert str(fault(error)).startswith(said)
    assert str(fault(error)).endswith(', then the same command goes on')


def test_a_runner_hands_on_no_more_than_a_traceback_as_text():
    """The text of apache_beam 2.77's FnApiRunner, where a worker's step fails."""
    text = (
        'Traceback (most recent call last):\n'
        '  File "apache_beam/runners/common.py", line 1, in process\n'
        "OSError: [Errno 5] Input/output error: '/earlier'\n"
        '\nDuring handling of the above exception, another exception occurred:\n\n'
        "OSError: [Errno 28] No space left on device: '/a/b' [while running 'WriteShard/Write-ptransform-12']\n\n"
    )
    assert fault(RuntimeError(text)) == Fault(errno.ENOSPC, '/a/b')


@pytest.mark.parametrize(
    'error',
    [
        OSError(errno.ENOENT, os.strerror(errno.ENOENT), '/a'),
        RuntimeError("OSError: [Errno 28] No space left on device: '/a'\n\nTypeError: of ours"),
        RuntimeError('extraction ended with status 1: No space left on device'),
        ValueError(),
        KeyboardInterrupt(),
    ],
)
def test_everything_else_stays_as_it_is(error):
    with pytest.raises(type(error)) as raised, Surroundings():
        raise error
    assert raised.value is error


def test_the_line_begins_with_the_job_and_is_said_once():
    full = OSError(errno.ENOSPC, 'No space left on device', '/out/part')
    said = r'^output /out: No space left on device \(/out/part\); .*: make room'
    with pytest.raises(JobFailed, match=said) as raised, Surroundings(), Surroundings('output /out: '):
        raise full
    assert raised.value.__cause__ is full
    with pytest.raises(UsageError, match=r'^No space left on device$'), Surroundings('job: '):
        raise UsageError('No space left on device')
