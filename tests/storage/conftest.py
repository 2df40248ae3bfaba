"""An empty folder on a disk or in each of the stores that this machine can start."""

from __future__ import annotations

import uuid

import pytest

from mien.storage import patience
from mien.storage.path import located
from tests.storage.servers import Google, Moto, Versity, binary

BUCKET = 'photos'
ENGINES = ('versitygw', 'google')  # what `make engines` brings, or is slow
STORES = ('moto', *(pytest.param(name, marks=pytest.mark.engines) for name in ENGINES))


def _server(kind, folder):
    if kind == 'moto':
        return Moto()
    name = {'versitygw': 'versitygw', 'google': 'fake-gcs-server'}[kind]
    program = binary(name)
    if program is None:
        pytest.skip(f'no {name}: make engines, or {name.upper().replace("-", "_")}=PROGRAM')
    return {'versitygw': Versity, 'google': Google}[kind](program, folder)


@pytest.fixture(scope='session')
def servers(tmp_path_factory):
    """Each kind of store, started when it is first asked for."""
    started = {}

    def get(kind):
        if kind not in started:
            server = _server(kind, tmp_path_factory.mktemp(kind))
            server.start()
            server.make_bucket(BUCKET)
            started[kind] = server
        return started[kind]

    yield get
    for server in started.values():
        server.stop()


@pytest.fixture(params=STORES)
def server(request, servers, monkeypatch):
    """A running store that the environment leads to; outages end after some seconds."""
    found = servers(request.param)
    for name, value in found.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv('AWS_ENDPOINT_URL_S3', raising=False)
    monkeypatch.setattr(patience, 'PATIENCE', 15.0)
    return found


@pytest.fixture
def stored(server):
    """An empty folder of a store."""
    return located(f'{server.scheme}://{BUCKET}', f'of {uuid.uuid4().hex}')


@pytest.fixture(params=('disk', *STORES))
def folder(request, servers, monkeypatch, tmp_path):
    """An empty folder, on a disk or of a store."""
    if request.param == 'disk':
        return tmp_path
    for name, value in servers(request.param).environment().items():
        monkeypatch.setenv(name, value)
    return located(f'{servers(request.param).scheme}://{BUCKET}', f'of {uuid.uuid4().hex}')
