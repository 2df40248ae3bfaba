"""A DAG that labels an archive every night, checks what came out, says what has changed, and removes old nights. For Airflow 3.

mien lives in an environment of its own on the workers, since Airflow pins libraries that mien pins otherwise: MIEN is its program. The
work is done on the engine that LABEL and BEAM name; the task only waits for it.

    status  means                                   here
    0       done                                    on
    1       the job failed, or the surroundings     tried again, and the same command goes on from what is finished
    2       the call is wrong                       failed, and not tried again
    3       verify or diff found something          verify: failed, and not tried again; diff: `alert`
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import ObjectStoragePath, dag, get_current_context, task
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

MIEN = os.environ.get('MIEN_PROGRAM', '/opt/mien/bin/mien')
PHOTOS = os.environ.get('MIEN_PHOTOS', 's3://photos/archive')
NIGHTS = os.environ.get('MIEN_NIGHTS', 's3://tables/nights')
LABEL = os.environ.get('MIEN_LABEL', '--runner flink --workers 8')
BEAM = os.environ.get('MIEN_BEAM', '--job_endpoint=mien-job-server:8099')  # empty for --runner local
MAX_DRIFT = '0.1'  # population stability index: below 0.1 little has changed
MAX_CHANGED = '0.05'
KEEP = '14'
DONE, WRONG_CALL, FOUND = 0, 2, 3
SNAPSHOT = 'snapshot.json'


def mien(*words: str) -> tuple[int, str]:
    """Runs mien; gives its status, done or found, and what it printed. Its other lines go to the task's log.

    Raises:
        AirflowFailException: the call is wrong.
        AirflowException: it failed; another try goes on.
    """
    done = subprocess.run([MIEN, *words], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode in (DONE, FOUND):
        return done.returncode, done.stdout
    said = f'mien {shlex.join(words)}: status {done.returncode}'
    raise AirflowFailException(said) if done.returncode == WRONG_CALL else AirflowException(said)


def nights() -> list[str]:
    """The complete nights before this run's, by date."""
    folder = ObjectStoragePath(NIGHTS if '://' in NIGHTS else f'file://{NIGHTS}')
    found = sorted(night.name for night in folder.iterdir() if night.name.startswith('dt=')) if folder.exists() else []
    return [name for name in found if name < tonight() and (folder / name / SNAPSHOT).exists()]


def tonight() -> str:
    """The name of this run's night: also of a try after midnight."""
    return f'dt={get_current_context()["dag_run"].run_after:%Y-%m-%d}'


@dag(
    schedule='15 1 * * *',
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    default_args={'retries': 4, 'retry_delay': timedelta(minutes=5), 'retry_exponential_backoff': True},
    tags=['mien'],
)
def mien_nightly() -> None:
    @task(execution_timeout=timedelta(hours=20))
    def label() -> dict[str, Any]:
        """Photos to tables; gives what `--json` says."""
        previous = [f'--previous={NIGHTS}/{last}' for last in nights()[-1:]]
        beam = ['--', *shlex.split(BEAM)] if BEAM else []
        words = [PHOTOS, f'--out={NIGHTS}/{tonight()}', *previous, '--json', *shlex.split(LABEL), *beam]
        said: dict[str, Any] = json.loads(mien('label', *words)[1])
        return said

    @task
    def verify() -> None:
        """Every file is what the snapshot says."""
        status, said = mien('verify', f'{NIGHTS}/{tonight()}', '--json')
        if status == FOUND:
            raise AirflowFailException(f'{tonight()} is not what was written: {said}')

    @task
    def compare() -> dict[str, Any]:
        """What has changed since last night, where that is past a limit; skipped where it is not, and so is what follows."""
        before = nights()
        if not before:
            raise AirflowSkipException('no night before this one')
        limits = ['--max-drift', MAX_DRIFT, '--max-changed', MAX_CHANGED]
        status, said = mien('diff', f'{NIGHTS}/{before[-1]}', f'{NIGHTS}/{tonight()}', *limits, '--json')
        if status == DONE:
            raise AirflowSkipException(f'within the limits since {before[-1]}')
        found: dict[str, Any] = json.loads(said)
        return found

    @task(retries=0)
    def alert(found: dict[str, Any]) -> None:
        """Fails, so that whoever is told of failures is told of this one; put your own notice here."""
        raise AirflowFailException(f'{tonight()}: past its limits: {json.dumps(found["exceeded"])}')

    @task(trigger_rule='none_failed')
    def prune() -> None:
        """Removes the oldest nights; not where tonight's is damaged."""
        mien('prune', NIGHTS, '--keep', KEEP)

    compared = compare()
    label() >> verify() >> [compared, prune()]
    alert(compared)


mien_nightly()
