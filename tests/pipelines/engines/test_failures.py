"""What a failed job says is the worker, the engine or ours."""

import pytest

from mien.configs.errors import JobFailed, UsageError
from mien.pipelines.engines.failures import EngineFailed, failure, python_error


def test_python_is_told_from_java():
    """The shape that Beam 2.70's Flink job server gives its messages; the Java trace follows where a cause was wrapped."""
    python = 'Traceback (most recent call last):\n  File "a.py", line 1, in f\nValueError: of ours [while running \'Step\']'
    java = f'java.lang.RuntimeException: Error received from SDK harness for instruction 2: {python}\n\n'
    wrapped = f'{java}\tat org.apache.beam.A.b(A.java:1)\nCaused by: java.lang.RuntimeException: {python}\n\t... 3 more\n'
    assert python_error(java) == python_error(wrapped) == python
    assert python_error('java.lang.Error: none\n\tat A.b(A.java:1)') is None


@pytest.mark.parametrize(
    ('said', 'kind', 'text'),
    [
        (
            ['java.io.IOException: TaskManager lost\n\tat A.b(A.java:1)'],
            JobFailed,
            'flink failed: java.io.IOException: TaskManager lost; what',
        ),
        ([], JobFailed, 'flink failed: it gave no reason'),
        (
            ["x: Traceback (most recent call last):\nModuleNotFoundError: No module named 'mien.pipelines' [while running 'a']"],
            UsageError,
            "workers of flink: No module named 'mien.pipelines'; install the mien of this machine where they run",
        ),
        (["Traceback (most recent call last):\nModuleNotFoundError: No module named 'mientoo'", 'cancelled'], EngineFailed, 'Traceback'),
    ],
)
def test_a_failed_job_is_the_workers_the_engines_or_ours(said, kind, text):
    error = failure('flink', said)
    assert type(error) is kind
    assert str(error).startswith(text)
