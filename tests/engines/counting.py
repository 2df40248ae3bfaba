"""The job of jobs/words.py on texts that are known, and what it must have written."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.engines.s3_server import S3Server

JOB = Path(__file__).parent / 'jobs' / 'words.py'
TEXTS = {f'{number:02d}.txt': 'alpha ' * number + 'bread apple ' + 'cheese ' * (number % 3) for number in range(24)}


@contextmanager
def submitted(bucket: str, store: S3Server, options: list[str], seconds: float = 0.0) -> Iterator[subprocess.Popen[str]]:
    """The job, on texts of a bucket of its own; each takes so many seconds. It is killed at the end at the latest."""
    store.make_bucket(bucket)
    for name, text in TEXTS.items():
        store.bucket(bucket).put(f'texts/{name}', text.encode())
    env = os.environ | store.environment | {'SECONDS': str(seconds)}
    words = [sys.executable, str(JOB), bucket, f'--job_name={bucket}', *options]
    with subprocess.Popen(words, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def said(job: subprocess.Popen[str], seconds: float = 300.0) -> list[dict[str, Any]]:
    """All that a job says until it ends: its id, and its state where it ended well."""
    return [json.loads(line) for line in job.communicate(timeout=seconds)[0].splitlines()]


def assert_counted(bucket: str, store: S3Server) -> None:
    """Compares what a job wrote with a count of our own."""
    counts = {key[-1]: int(bytes(store.bucket(bucket).get(key).bytes())) for key in store.keys(bucket, 'counts/')}
    assert counts == Counter(word[0] for text in TEXTS.values() for word in text.split())


def texts_by_host(bucket: str, store: S3Server) -> Counter[str]:
    """How many texts each host has read, in failed attempts as well."""
    return Counter(key.split('/')[1] for key in store.keys(bucket, 'done/'))
