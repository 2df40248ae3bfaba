"""Says before a job starts that a store cannot be used, in one line."""

from __future__ import annotations

import errno

from ..configs.errors import UsageError
from . import objects
from .errors import NO_BUCKET, Answer, answer
from .path import AnyPath, StorePath, located
from .patience import less_patient
from .stores import PROFILES, endpoint

PATIENCE = 5.0  # seconds
_BY_CODE = {
    NO_BUCKET: 'there is no such bucket; create it or correct the name',
    'AccessDenied': 'access is denied; have these credentials granted listing, reading and writing there',
    'InvalidAccessKeyId': 'the store does not know the access key; correct AWS_ACCESS_KEY_ID',
    'SignatureDoesNotMatch': 'the secret key is wrong; correct AWS_SECRET_ACCESS_KEY',
    'ExpiredToken': 'the credentials have expired; renew them',
    'InvalidToken': 'the session token is wrong; renew the credentials',
    'RequestTimeTooSkewed': "this machine's clock is wrong; set it",
}
_METADATA = ('169.254.169.254', 'metadata.google.internal', 'computeMetadata', '/latest/api/token')
_VARIABLES = {'s3': 'AWS_ENDPOINT_URL', 'gs': 'STORAGE_EMULATOR_HOST'}


def check(url: str | AnyPath) -> None:
    """Asks a folder's store once; nothing on a disk.

    Raises:
        UsageError: no such bucket, access denied, wrong or no credentials, or the store can't be reached.
    """
    folder = located(url)
    if not isinstance(folder, StorePath):
        return
    try:
        with less_patient(PATIENCE):
            next(iter(objects.pages(folder)), None)
    except OSError as error:
        said = answer(error.__cause__ or error)
        raise UsageError(f'{folder}: {_reason(folder.scheme, said, error)}') from error


def _reason(scheme: str, said: Answer, error: OSError) -> str:
    if any(word in said.text for word in _METADATA):
        return f'no credentials: {_remedy(scheme)}'
    if said.region:
        return f'the bucket is in another region; set AWS_REGION={said.region}'
    if said.code in _BY_CODE:
        return _BY_CODE[said.code]
    if error.errno == errno.EACCES or said.status in (401, 403):
        return f'access is denied ({said.reason}); check the credentials'
    if said.status is None:
        where = endpoint(scheme) or "the cloud's own address"
        return f'the store cannot be reached at {where}; check the connection and {_VARIABLES[scheme]} ({said.reason})'
    return f'the store refuses ({said.reason}); check the bucket, its region and your credentials'


def _remedy(scheme: str) -> str:
    if scheme == 'gs':
        return 'run `gcloud auth application-default login` or set GOOGLE_APPLICATION_CREDENTIALS'
    return f'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or {PROFILES} for profiles and SSO'
