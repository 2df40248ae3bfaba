"""What Dataflow tells of its jobs. Source: https://cloud.google.com/dataflow/docs/reference/rest/v1b3/projects.locations.jobs"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote
from urllib.request import HTTPError

from .reach import asked
from .submitted import State

ENDED = {
    'JOB_STATE_DONE': State.DONE,
    'JOB_STATE_UPDATED': State.DONE,
    'JOB_STATE_DRAINED': State.DONE,
    'JOB_STATE_FAILED': State.FAILED,
    'JOB_STATE_CANCELLED': State.FAILED,
}
SCOPE = 'https://www.googleapis.com/auth/cloud-platform'


def state_at(endpoint: str, where: str, job: str | None, name: str) -> State:
    """How a job stands, by its id, or the last one of its name.

    Args:
        where: `projects/P/locations/R`.
    """
    jobs = f'{endpoint.rstrip("/")}/v1b3/{where}/jobs'
    try:
        token = _token()
        found = _named(jobs, name, token) if job is None else asked(f'{jobs}/{quote(job)}', token)
    except HTTPError as error:
        return State.ENDED if error.code == 404 else State.UNKNOWN
    except (OSError, ValueError, KeyError, TypeError):
        return State.UNKNOWN
    return State.ENDED if found is None else ENDED.get(str(found.get('currentState')), State.RUNNING)


def _named(jobs: str, name: str, token: str | None) -> dict[str, Any] | None:
    """The last job of a name."""
    found: list[dict[str, Any]] = []
    page = ''
    while True:
        said = asked(f'{jobs}?name={quote(name)}&pageToken={quote(page)}', token)
        found += [job for job in said.get('jobs', []) if job['name'] == name]
        page = said.get('nextPageToken', '')
        if not page:
            return max(found, key=lambda job: (job.get('currentState') not in ENDED, job.get('createTime', '')), default=None)


def _token() -> str | None:
    """Of the user's or the machine's own account; None where there is none."""
    import google.auth
    import google.auth.transport.requests
    from google.auth.exceptions import GoogleAuthError

    try:
        credentials, _ = google.auth.default(scopes=[SCOPE])
        credentials.refresh(google.auth.transport.requests.Request())
    except GoogleAuthError:
        return None
    return str(credentials.token)
