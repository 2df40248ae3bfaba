"""A bucket for tests of whole jobs: an S3 server in this process, and the environment that leads to it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mien.storage.either import files_in
from mien.storage.files import upload
from mien.storage.path import StorePath, located
from tests.snapshots import is_content
from tests.storage.servers import Moto

BUCKET = 'archive'


@contextmanager
def bucket() -> Iterator[Moto]:
    """A server with a bucket."""
    server = Moto()
    server.start()
    try:
        server.make_bucket(BUCKET)
        yield server
    finally:
        server.stop()


def place(server: Moto, monkeypatch: pytest.MonkeyPatch) -> StorePath:
    """An empty folder of the bucket."""
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)
    found = located(f's3://{BUCKET}', uuid.uuid4().hex)
    assert isinstance(found, StorePath)
    return found


def put(folder: Path, target: StorePath) -> StorePath:
    """Every file below a folder into a store."""
    for path in files_in(folder):
        assert isinstance(path, Path)
        upload(path, target / path.relative_to(folder))
    return target


def stored_content(out: StorePath) -> dict[str, bytes]:
    """As `snapshots.content`."""
    named = {str(path.relative_to(out)): path for path in out.rglob('*')}
    return {name: path.read_bytes() for name, path in named.items() if is_content(name)}
