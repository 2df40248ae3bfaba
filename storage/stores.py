"""The client of each bucket, made once a process from what the environment says."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from obstore.exceptions import BaseError
from obstore.store import GCSStore, S3Store

from ..configs.errors import UsageError
from .errors import answer

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig

CONNECTING, ANSWERING = timedelta(seconds=5), timedelta(seconds=30)  # until a try is given up
TRANSFER = timedelta(hours=6)  # of one request, however large
RETRIES: RetryConfig = {'max_retries': 5, 'retry_timeout': timedelta(seconds=5), 'backoff': {'max_backoff': timedelta(seconds=1)}}
CREDENTIALS_TTL = timedelta(minutes=5)
PROFILES = "pip install 'mien[aws]'"

# Where the client finds credentials by itself. Else boto3 looks for a profile, SSO and so on; without boto3, the instance's role is asked.
OWN = ('AWS_ACCESS_KEY_ID', 'AWS_WEB_IDENTITY_TOKEN_FILE', 'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI', 'AWS_CONTAINER_CREDENTIALS_FULL_URI')
READ = (
    *OWN,
    'AWS_SECRET_ACCESS_KEY',
    'AWS_SESSION_TOKEN',
    'AWS_REGION',
    'AWS_DEFAULT_REGION',
    'AWS_PROFILE',
    'AWS_SKIP_SIGNATURE',
    'AWS_ENDPOINT_URL_S3',
    'AWS_ENDPOINT_URL',
    'AWS_METADATA_ENDPOINT',
    'STORAGE_EMULATOR_HOST',
    'GOOGLE_APPLICATION_CREDENTIALS',
)


def store(scheme: str, bucket: str) -> S3Store | GCSStore:
    """The client of a bucket. It may be shared by threads, and must not be carried into a forked process.

    Args:
        scheme: s3 or gs.
    Raises:
        UsageError: no credentials, or an endpoint that is no url.
    """
    return _store(scheme, bucket, os.getpid(), tuple(os.environ.get(name) for name in READ))


def endpoint(scheme: str) -> str | None:
    """Where the requests go, as the environment says; None: where the cloud's own are."""
    names = ('AWS_ENDPOINT_URL_S3', 'AWS_ENDPOINT_URL') if scheme == 's3' else ('STORAGE_EMULATOR_HOST',)
    said = next((os.environ[name] for name in names if os.environ.get(name)), None)
    if said is None or '://' in said:
        return said
    return f'{"https" if scheme == "s3" else "http"}://{said}'


@lru_cache(maxsize=64)
def _store(scheme: str, bucket: str, process: int, environment: tuple[str | None, ...]) -> S3Store | GCSStore:
    place = endpoint(scheme)
    client: ClientConfig = {'connect_timeout': CONNECTING, 'read_timeout': ANSWERING, 'timeout': TRANSFER}
    client['allow_http'] = bool(place and place.startswith('http://'))
    try:
        return _s3(bucket, place, client) if scheme == 's3' else _gs(bucket, place, client)
    except BaseError as error:
        raise UsageError(
            f'{scheme}://{bucket}: the environment does not lead there ({answer(error).reason}); see docs/stores.md'
        ) from error


def _s3(bucket: str, place: str | None, client: ClientConfig) -> S3Store:
    said: dict[str, Any] = {'endpoint': place} if place else {}
    if not any(os.environ.get(name) for name in (*OWN, 'AWS_SKIP_SIGNATURE')):
        provider = _provider()
        said |= {'credential_provider': provider} if provider else {}
    return S3Store(bucket, client_options=client, retry_config=RETRIES, **said)


def _provider() -> Any:
    """boto3's chain; None where boto3 is not there and nothing shows that it is needed: the instance may have a role."""
    if find_spec('boto3') is None:
        if os.environ.get('AWS_PROFILE') or any(Path.home().joinpath('.aws', name).exists() for name in ('config', 'credentials')):
            raise UsageError(
                f'no AWS credentials in the environment, and profiles need boto3: {PROFILES}, or set AWS_ACCESS_KEY_ID and so on'
            )
        return None
    from obstore.auth.boto3 import Boto3CredentialProvider

    try:
        return Boto3CredentialProvider(ttl=CREDENTIALS_TTL)
    except ValueError as error:
        raise UsageError('no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE') from error


def _gs(bucket: str, place: str | None, client: ClientConfig) -> GCSStore:
    if place is None:
        return GCSStore(bucket, client_options=client, retry_config=RETRIES)
    blank = {'gcs_base_url': place, 'disable_oauth': True, 'client_email': '', 'private_key': '', 'private_key_id': ''}
    return GCSStore(bucket, service_account_key=json.dumps(blank), client_options=client, retry_config=RETRIES)
