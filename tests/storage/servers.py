"""Stores on this machine that tests start, stop and start again: two S3 servers that we did not write, and an emulator of Google's."""

from __future__ import annotations

import logging
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import boto3
from moto.server import ThreadedMotoServer

from tests.storage.google import GoogleFront

KEYS = {'AWS_ACCESS_KEY_ID': 'key', 'AWS_SECRET_ACCESS_KEY': 'secret', 'AWS_REGION': 'us-east-1'}
NOWHERE = 'http://127.0.0.1:9'
BINARIES = Path(__file__).parents[2] / '.engines' / 'bin'
STARTING = 20  # seconds
AWAY = 2.0  # seconds


def binary(name: str) -> str | None:
    """A server's program: from the variable of its name, or where `make engines` puts it."""
    said = os.environ.get(name.upper().replace('-', '_'))
    path = said or shutil.which(name, path=str(BINARIES))
    return path if path and Path(path).exists() else None


def free_port() -> int:
    with socket.socket() as found:
        found.bind(('127.0.0.1', 0))
        return int(found.getsockname()[1])


def wait_for(port: int) -> None:
    """Until something listens there."""
    for _ in range(STARTING * 20):
        with socket.socket() as probe:
            if probe.connect_ex(('127.0.0.1', port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError(f'nothing listens on port {port}')


class S3:
    """What both S3 servers share: the environment that leads there, and buckets."""

    scheme = 's3'

    def __init__(self) -> None:
        self.port = free_port()

    @property
    def url(self) -> str:
        return f'http://127.0.0.1:{self.port}'

    def environment(self) -> dict[str, str]:
        return {**KEYS, 'AWS_ENDPOINT_URL': self.url, 'AWS_METADATA_ENDPOINT': NOWHERE}

    def client(self):
        """Another client of the same server."""
        keys = {'aws_access_key_id': 'key', 'aws_secret_access_key': 'secret', 'region_name': 'us-east-1'}
        return boto3.client('s3', endpoint_url=self.url, **keys)

    def make_bucket(self, name: str) -> None:
        self.client().create_bucket(Bucket=name)

    def put(self, bucket: str, key: str, data: bytes) -> None:
        """Writes as others do, also keys that our client cannot name."""
        self.client().put_object(Bucket=bucket, Key=key, Body=data)


class Moto(S3):
    """moto's server, in this process: it keeps its objects when it is stopped."""

    def start(self) -> None:
        logging.getLogger('werkzeug').setLevel(logging.ERROR)
        self._server = ThreadedMotoServer(ip_address='127.0.0.1', port=self.port, verbose=False)
        self._server.start()
        wait_for(self.port)

    def stop(self) -> None:
        self._server.stop()


class Versity(S3):
    """versitygw over a folder."""

    def __init__(self, program: str, folder: Path) -> None:
        super().__init__()
        self._command = [program, '--port', f'127.0.0.1:{self.port}', 'posix', str(folder)]

    def start(self) -> None:
        keys = {'ROOT_ACCESS_KEY': 'key', 'ROOT_SECRET_KEY': 'secret'}
        self._process = subprocess.Popen(self._command, env=os.environ | keys, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(self.port)

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()


class Google:
    """fake-gcs-server over a folder, and in front of it what speaks Google's XML API to it."""

    scheme = 'gs'

    def __init__(self, program: str, folder: Path) -> None:
        self.port, self._behind = free_port(), free_port()
        where = ['-scheme', 'http', '-host', '127.0.0.1', '-port', str(self._behind), '-public-host', f'127.0.0.1:{self._behind}']
        self._command = [program, *where, '-backend', 'filesystem', '-filesystem-root', str(folder)]

    def environment(self) -> dict[str, str]:
        return {'STORAGE_EMULATOR_HOST': f'http://127.0.0.1:{self.port}'}

    def start(self) -> None:
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(self._behind)
        self._front = GoogleFront(self.port, f'http://127.0.0.1:{self._behind}')
        self._front.start()

    def stop(self) -> None:
        self._front.stop()
        self._process.kill()
        self._process.wait()

    def make_bucket(self, name: str) -> None:
        self._front.make_bucket(name)

    def put(self, bucket: str, key: str, data: bytes) -> None:
        self._front.put(bucket, key, data, None)


@contextmanager
def away(server: Moto | Versity | Google, seconds: float = AWAY) -> Iterator[None]:
    """Stops a server now, and starts it again later."""
    server.stop()
    back = threading.Timer(seconds, server.start)
    back.start()
    try:
        yield
    finally:
        back.join()
