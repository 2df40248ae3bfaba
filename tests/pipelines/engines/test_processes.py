"""The local runner with processes for workers: what ends a job, and who is heard meanwhile and afterwards."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from mien.configs.errors import JobFailed
from mien.pipelines.engines import processes

heard: list[str] = []


@pytest.fixture(autouse=True)
def hook(monkeypatch: pytest.MonkeyPatch) -> None:
    heard.clear()
    monkeypatch.setattr(threading, 'excepthook', lambda said: heard.append(str(said.exc_value)))


class Job:
    """A pipeline whose runner starts threads, as Beam's does, and waits until it is told."""

    def __init__(self, *threads: threading.Thread, over: threading.Event) -> None:
        self.threads, self.over = threads, over

    def run(self) -> Job:
        for thread in self.threads:
            thread.start()
        return self

    def wait_until_finish(self) -> None:
        self.over.wait(30)


def failing(what: str, name: str | None = None, after: Callable[[], Any] = lambda: None) -> threading.Thread:
    def fail() -> None:
        after()
        raise RuntimeError(what)

    return threading.Thread(target=fail, name=name, daemon=True)


def test_a_worker_that_ends_is_the_end_and_what_falls_after_it_is_not_heard() -> None:
    told, over = threading.Event(), threading.Event()
    server = failing('the stream is gone', after=lambda: told.wait(30))
    with pytest.raises(JobFailed, match=r'a worker ended before its time \(exit status 137\); .*the same command goes on'):
        processes.run(Job(server, failing('exit status 137', processes.WATCHER), over=over))  # type: ignore[arg-type]
    told.set()
    server.join(30)
    over.set()
    assert not server.is_alive()
    assert heard == []


def test_threads_of_others_are_heard_during_a_job_and_after_it() -> None:
    begun, over = threading.Event(), threading.Event()
    other, later = failing('of another', after=lambda: begun.wait(30)), failing('of a later one')
    other.start()
    job = Job(threading.Thread(target=lambda: (begun.set(), other.join(30), over.set()), daemon=True), over=over)
    processes.run(job)  # type: ignore[arg-type]
    assert heard == ['of another']
    later.start()
    later.join(30)
    assert heard == ['of another', 'of a later one']
