"""The local runner with processes for workers: Beam 2.77 waits for ever for one that was killed, and this notices."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import apache_beam as beam

from ...configs.errors import JobFailed

WATCHER = 'run_worker'  # Beam's thread that waits for a worker's end


def run(pipeline: beam.Pipeline) -> None:
    """Runs a pipeline to its end, or to that of one of its workers.

    Raises:
        JobFailed: a worker ended before the job did.
        Exception: what the pipeline raised.
    """
    ended, raised = threading.Event(), list[BaseException]()

    def work() -> None:
        try:
            pipeline.run().wait_until_finish()
        except Exception as error:  # noqa: BLE001 - raised again where it is waited for
            raised.append(error)
        ended.set()

    with _deaths(ended) as deaths:
        threading.Thread(target=work, daemon=True).start()
        ended.wait()
    if deaths and not raised:
        raise JobFailed(f'a worker ended before its time ({deaths[0]}); what is finished is kept: the same command goes on')
    if raised:
        raise raised[0]


@contextmanager
def _deaths(ended: threading.Event) -> Iterator[list[BaseException]]:
    """Collects what ends Beam's threads, which are silent meanwhile; the end of a worker is the end."""
    found: list[BaseException] = []
    before = threading.excepthook

    def heard(said: threading.ExceptHookArgs) -> None:
        if said.thread is not None and said.thread.name == WATCHER and said.exc_value is not None:
            found.append(said.exc_value)
            ended.set()

    threading.excepthook = heard
    try:
        yield found
    finally:
        threading.excepthook = before
