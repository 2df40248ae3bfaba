"""The local runner with processes for workers: Beam 2.77 waits for ever for one that was killed, and this notices."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import apache_beam as beam

from ...configs.errors import JobFailed

Hook = Callable[[threading.ExceptHookArgs], object]
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
    """Collects what ends Beam's threads, which are silent meanwhile, and afterwards where they live on; the end of a worker is the end."""
    found: list[BaseException] = []
    before, others = threading.excepthook, set(threading.enumerate())

    def heard(said: threading.ExceptHookArgs) -> None:
        if said.thread in others:
            before(said)
        elif said.thread is not None and said.thread.name == WATCHER and said.exc_value is not None:
            found.append(said.exc_value)
            ended.set()

    threading.excepthook = heard
    try:
        yield found
    finally:
        left = set(threading.enumerate()) - others
        threading.excepthook = _hook_without(left, before) if left else before


def _hook_without(silent: set[threading.Thread], hook: Hook) -> Hook:
    """A hook that passes over some threads: a failed job's, whose servers fall one after the other once it is over."""

    def heard(said: threading.ExceptHookArgs) -> None:
        if said.thread not in silent:
            hook(said)

    return heard
