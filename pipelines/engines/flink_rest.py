"""What a Flink cluster tells of itself and of its jobs, over its REST interface.

Source: https://nightlies.apache.org/flink/flink-docs-stable/docs/ops/rest_api/
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from .reach import asked
from .submitted import State

ENDED = {'FINISHED': State.DONE, 'FAILED': State.FAILED, 'CANCELED': State.FAILED}
NO_RESTART = (None, '', 'none', 'off', 'disable', 'disabled')
GROWING = ('kubernetes-', 'yarn-')  # deployments that start TaskManagers when a job asks for them


@dataclass(frozen=True)
class Cluster:
    """A Flink cluster.

    Attributes:
        version: major and minor.
        slots: of all its TaskManagers.
        free: of these, the unused ones.
        restarts: whether a job goes on after a worker was lost.
        grows: whether it starts TaskManagers by itself.
    """

    version: str
    task_managers: int
    slots: int
    free: int
    restarts: bool
    grows: bool


def url(master: str) -> str:
    """The url of `HOST:PORT`, which may be one already."""
    return master.rstrip('/') if '://' in master else f'http://{master}'


def cluster(master: str) -> Cluster:
    """What the JobManager at a url says.

    Raises:
        OSError, ValueError, KeyError: nobody answers, or somebody who is no JobManager.
    """
    seen = asked(f'{master}/overview')
    config = {line['key']: line['value'] for line in asked(f'{master}/jobmanager/config')}
    restart = config.get('restart-strategy.type', config.get('restart-strategy'))
    return Cluster(
        '.'.join(str(seen['flink-version']).split('.')[:2]),
        seen['taskmanagers'],
        seen['slots-total'],
        seen['slots-available'],
        restart not in NO_RESTART,
        config.get('execution.target', '').startswith(GROWING),
    )


def state_at(master: str, name: str) -> State:
    """How the last job of a name stands."""
    job = _last(master, name)
    if isinstance(job, State):
        return job
    return ENDED.get(job['state'], State.RUNNING)


def error_of(master: str, name: str, ended: bool) -> str | None:
    """What went wrong last in the last job of a name: a Java stack trace; None where the cluster doesn't tell.

    Args:
        ended: whether the job must have ended, or must still be tried.
    """
    job = _last(master, name)
    if isinstance(job, State) or (job['state'] in ENDED) != ended:
        return None
    try:
        said = asked(f'{master}/jobs/{job["jid"]}/exceptions')
        return said.get('root-exception') or said['exceptionHistory']['entries'][0]['stacktrace']
    except (OSError, ValueError, KeyError, IndexError, TypeError, AttributeError):
        return None


def cancel(master: str, name: str) -> None:
    """Ends the last job of a name; whether that works, its state tells."""
    job = _last(master, name)
    if not isinstance(job, State):
        with suppress(OSError, ValueError):
            asked(f'{master}/jobs/{job["jid"]}?mode=cancel', method='PATCH')


def _last(master: str, name: str) -> dict[str, Any] | State:
    try:
        jobs = [job for job in asked(f'{master}/jobs/overview')['jobs'] if job['name'] == name]
    except (OSError, ValueError, KeyError, TypeError):
        return State.UNKNOWN
    if not jobs:
        return State.ENDED
    return max(jobs, key=lambda job: (job['state'] not in ENDED, job['start-time']))
