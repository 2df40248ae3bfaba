"""A real S3 server (versitygw) on a host of its own; its data outlives it."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from pathlib import Path

import boto3
from obstore.store import S3Store

from tests.engines.answers import answers
from tests.engines.hosts import Host
from tests.engines.programs import Failed, Program
from tests.processes import wait_for

PORT = 7070
KEY, SECRET, REGION = 'tester', 'not-a-secret', 'us-east-1'


@dataclass(eq=False)
class S3Server:
    """The server; `program` is the one that runs now, or ran last."""

    host: Host
    program: Program

    @property
    def url(self) -> str:
        """Its endpoint."""
        return f'http://{self.host.address}:{PORT}'

    @property
    def environment(self) -> dict[str, str]:
        """What a client's environment says: the submitter's and the workers'."""
        names = ('AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_REGION', 'AWS_ENDPOINT_URL')
        return dict(zip(names, (KEY, SECRET, REGION, self.url), strict=True))

    def make_bucket(self, name: str) -> None:
        """Makes a bucket; its name has at least three letters."""
        said = {'aws_access_key_id': KEY, 'aws_secret_access_key': SECRET, 'region_name': REGION, 'endpoint_url': self.url}
        boto3.client('s3', **said).create_bucket(Bucket=name)

    def bucket(self, name: str) -> S3Store:
        """A client of one bucket that shares nothing with mien's own."""
        keys = {'access_key_id': KEY, 'secret_access_key': SECRET, 'region': REGION}
        return S3Store(name, endpoint=self.url, client_options={'allow_http': True}, virtual_hosted_style_request=False, **keys)

    def put_folder(self, folder: Path, bucket: str, prefix: str = '') -> int:
        """Puts every file below a folder into a bucket: how many."""
        store, files = self.bucket(bucket), sorted(path for path in folder.rglob('*') if path.is_file())
        for path in files:
            store.put(f'{prefix}{path.relative_to(folder).as_posix()}', path)
        return len(files)

    def keys(self, bucket: str, prefix: str = '') -> list[str]:
        """The names of a bucket's objects, sorted."""
        return sorted(found['path'] for found in self.bucket(bucket).list(prefix or None).collect())

    def stop(self, number: int = signal.SIGKILL) -> None:
        """Ends it; connections to it are refused from now on."""
        self.program.kill(number)

    def start(self) -> None:
        """Starts it again, on the data that it had."""
        self.program = _started(self.host)


def s3_server(host: Host) -> S3Server:
    """A server without buckets."""
    (host.folder / 's3').mkdir()
    return S3Server(host, _started(host))


def _started(host: Host) -> Program:
    words = ['/mnt/engines/bin/versitygw', '--quiet', '--port', f'{host.address}:{PORT}', 'posix', '/tmp/s3']
    program = host.start(words, 's3', {'ROOT_ACCESS_KEY': KEY, 'ROOT_SECRET_KEY': SECRET})
    if not wait_for(lambda: answers(host.address, PORT) or not program.is_running, 20) or not program.is_running:
        raise Failed(f'{host.name}: the S3 server did not come up:\n{program.tail()}')
    return program
