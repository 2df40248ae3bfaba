"""What a store answers, as the OSErrors that a disk would raise: one object's own fault, or a failure of the surroundings.

A definite answer about one object is ENOENT (there is none), EACCES (it may not be read) or ESTALE (it was replaced while it was read). All
else is ETIMEDOUT, which the callers try again and then raise: keys that expired and a bucket that went away say nothing about a photo.

Source of the codes: Amazon S3, "Error responses"; Google Cloud Storage's XML API uses the same.
"""

from __future__ import annotations

import errno
import os
import re
from dataclasses import dataclass

from obstore.exceptions import AlreadyExistsError, BaseError, InvalidPathError, PreconditionError

from ..configs.errors import UsageError

REASON = 240  # characters of what a store says
REFUSED = ('AccessDenied', 'InvalidObjectState')  # the second: archived, to be restored before it is read
NO_BUCKET = 'NoSuchBucket'
CONFLICTS = ('ConditionalRequestConflict', 'OperationAborted')  # another write is under way
TOO_SLOW = 'RequestTimeout'  # with status 400: the body did not come in time
PASSING = (408, 409, 429)  # and 500 to 599, but for 501: not implemented
_STATUS = re.compile(r'status code: (\d{3})')
_CODE = re.compile(r'<Code>(\w+)</Code>|\(code: (\w+)\)')
_REGION = re.compile(r'<Region>([\w-]+)</Region>')
_CAUSE = re.compile(r'(?:message|error): "([^"]+)"')
_UNNAMED = re.compile(r'Path "(?P<key>.*?)"(?:: | contained)', re.DOTALL)
_DEBUG = '\n\nDebug source'


class Changed(FileExistsError):
    """Somebody else wrote the object, or deleted it, since its etag was read."""


@dataclass(frozen=True)
class Answer:
    """What a store said to a request that failed.

    Attributes:
        status: of HTTP; None where no answer came, or one of several objects failed in a request for all.
        code: the store's word for the reason; None where it gave none, as for every HEAD.
        region: where the bucket is, where the store says so.
        reason: in a few words.
        text: the client's message on one line.
    """

    status: int | None
    code: str | None
    region: str | None
    reason: str
    text: str

    @property
    def is_passing(self) -> bool:
        """Whether the same request may be answered later."""
        if self.status is None:
            return self.code not in REFUSED
        return self.code == TOO_SLOW or self.status in PASSING or (self.status >= 500 and self.status != 501)


def answer(error: BaseException) -> Answer:
    """Reads the client's message."""
    said, _, debug = str(error).partition(_DEBUG)
    status, code, region = (pattern.search(said) for pattern in (_STATUS, _CODE, _REGION))
    text = ' '.join(said.split())
    word = code and (code[1] or code[2])
    causes = _CAUSE.findall(debug)
    reason = word or (status[0] if status else causes[-1] if causes else text.rpartition(' - ')[2])
    return Answer(int(status[1]) if status else None, word, region and region[1], reason[:REASON], text[:REASON])


def is_passing(error: Exception) -> bool:
    """Whether the same request may be answered later: an outage, not a refusal."""
    said = answer(error)
    if isinstance(error, AlreadyExistsError):
        return said.code in CONFLICTS
    definite = isinstance(error, PreconditionError | InvalidPathError | ValueError | FileNotFoundError | PermissionError)
    return not definite and said.is_passing


def translated(error: Exception, url: str) -> Exception:
    """The OSError that says what happened, or the UsageError of a key that cannot be named; the error itself where it is a bug of ours."""
    if isinstance(error, InvalidPathError) or (isinstance(error, ValueError) and 'parse path' in str(error)):
        return _unnamed(error, url)
    said = answer(error)
    if isinstance(error, AlreadyExistsError) and said.code not in CONFLICTS:
        return FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), url)
    if isinstance(error, PreconditionError):
        return OSError(errno.ESTALE, os.strerror(errno.ESTALE), url)
    if isinstance(error, FileNotFoundError) and said.code != NO_BUCKET:
        return FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), url)
    if said.status in (403, None) and said.code in REFUSED:
        return PermissionError(errno.EACCES, os.strerror(errno.EACCES), url)
    if isinstance(error, BaseError | OSError):
        return OSError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT), url)
    return error


def _unnamed(error: Exception, url: str) -> UsageError:
    found = _UNNAMED.search(str(error))
    key = found['key'] if found else ''
    why = 'an empty, "." or ".." part, or a control character'
    return UsageError(f'{url}: the key {key!r} cannot be read ({why}); rename it or narrow the INPUT')
