"""The DAG: loaded and run by Airflow itself, in its own environment, with a real mien or with a program that only ends as it is told."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.tools import DEPLOY, tool
from tests.generated import make_photos

RUN = Path(__file__).with_name('airflow_run.py')
NIGHT = ('2026-03-01T01:15:00+00:00', '2026-03-02T01:15:00+00:00', '2026-03-03T01:15:00+00:00')
pytestmark = [pytest.mark.engines, pytest.mark.timeout(900)]


@pytest.fixture(scope='module')
def airflow(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of an Airflow with an empty database."""
    home = tmp_path_factory.mktemp('airflow')
    kept = {name: value for name, value in os.environ.items() if not name.startswith(('AIRFLOW', 'PYTHON', 'MIEN'))}
    env = kept | {'AIRFLOW_HOME': str(home), 'AIRFLOW__CORE__LOAD_EXAMPLES': 'False', 'AIRFLOW__CORE__UNIT_TEST_MODE': 'False'}
    subprocess.run([tool('airflow-venv/bin/airflow'), 'db', 'migrate'], env=env, check=True, capture_output=True)
    return env


def run(env: dict[str, str], folder: Path, *times: str, **said: object) -> dict[str, Any]:
    more = {f'MIEN_{name.upper()}': str(value) for name, value in said.items()} | {'AIRFLOW__CORE__DAGS_FOLDER': str(folder)}
    call = [tool('airflow-venv/bin/python'), RUN, folder, *times]
    done = subprocess.run(call, env=env | more, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-4000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def ending(folder: Path, **statuses: int) -> Path:
    """A program that ends with a status for each command, and says an empty object."""
    program = folder / 'mien'
    cases = ' '.join(f'{name}) exit {status} ;;' for name, status in statuses.items())
    program.write_text(f'#!/bin/sh\necho "{{\\"exceeded\\": [\\"drift\\"]}}"\ncase $1 in {cases} esac\n')
    program.chmod(0o755)
    return program


def test_airflow_loads_the_dag(airflow):
    found = run(airflow, DEPLOY / 'airflow')
    assert found['errors'] == {}
    assert set(found['dags']) == {'mien_nightly'}
    dag = found['dags']['mien_nightly']
    assert dag['tasks'] == {'label': ['verify'], 'verify': ['compare', 'prune'], 'compare': ['alert'], 'alert': [], 'prune': []}
    assert dag['retries'] == {'label': 4, 'verify': 4, 'compare': 4, 'alert': 0, 'prune': 4}
    assert dag['max_active_runs'] == 1


def test_a_dag_that_is_broken_is_found(airflow, tmp_path):
    text = (DEPLOY / 'airflow/mien_nightly.py').read_text()
    (tmp_path / 'mien_nightly.py').write_text(text.replace('label() >> verify()', 'label() >> verified()'))
    found = run(airflow, tmp_path)
    assert found['dags'] == {}
    assert "name 'verified' is not defined" in ''.join(found['errors'].values())


def test_nights_one_after_the_other(airflow, tmp_path):
    """The first has none to be compared with, the second finds no change, of the third's photos half are others."""
    photos, nights = make_photos(tmp_path / 'in', 8, size=48), tmp_path / 'nights'
    said = {'program': Path(sys.executable).with_name('mien'), 'photos': photos, 'nights': nights, 'label': '--whole-image', 'beam': ''}
    first = run(airflow, DEPLOY / 'airflow', *NIGHT[:2], **said)['runs']
    for number in range(4):
        (photos / f'{number:04d}.jpg').unlink()
    third = run(airflow, DEPLOY / 'airflow', NIGHT[2], **said)['runs'][0]
    good = {'run': 'success', 'label': 'success', 'verify': 'success', 'compare': 'skipped', 'alert': 'skipped', 'prune': 'success'}
    assert first == [good, good]
    assert third == good | {'run': 'failed', 'compare': 'success', 'alert': 'failed'}
    assert sorted(path.name for path in nights.iterdir()) == ['dt=2026-03-01', 'dt=2026-03-02', 'dt=2026-03-03']
    assert 'dt=2026-03-02' in (nights / 'dt=2026-03-03/run.json').read_text()  # its --previous


@pytest.mark.parametrize(
    ('day', 'statuses', 'states'),  # a database knows each run once
    [
        (1, {'label': 2}, {'label': 'failed', 'verify': 'upstream_failed', 'prune': 'upstream_failed'}),
        (2, {'verify': 3}, {'label': 'success', 'verify': 'failed', 'compare': 'upstream_failed', 'prune': 'upstream_failed'}),
        (3, {'diff': 3}, {'verify': 'success', 'compare': 'success', 'alert': 'failed', 'prune': 'success'}),
        (4, {'diff': 0}, {'verify': 'success', 'compare': 'skipped', 'alert': 'skipped', 'prune': 'success'}),
    ],
)
def test_what_follows_from_a_status(airflow, tmp_path, day, statuses, states):
    last = tmp_path / 'nights/dt=2026-02-28'
    last.mkdir(parents=True)
    (last / 'snapshot.json').write_text('{}')
    said = {'program': ending(tmp_path, **statuses), 'nights': tmp_path / 'nights'}
    found = run(airflow, DEPLOY / 'airflow', f'2026-04-0{day}T01:15:00+00:00', **said)['runs'][0]
    assert {name: found[name] for name in states} == states


@pytest.mark.parametrize(('status', 'raised'), [(0, 'nothing'), (1, 'AirflowException'), (2, 'AirflowFailException'), (3, 'nothing')])
def test_only_a_failure_is_tried_again(airflow, tmp_path, status, raised):
    """Airflow tries again what raises, but for AirflowFailException."""
    text = (
        'import mien_nightly\n'
        'try:\n    mien_nightly.mien("label")\n    print("nothing")\n'
        'except Exception as error:\n    print(type(error).__name__)'
    )
    env = airflow | {'MIEN_PROGRAM': str(ending(tmp_path, label=status)), 'PYTHONPATH': str(DEPLOY / 'airflow')}
    done = subprocess.run([tool('airflow-venv/bin/python'), '-c', text], env=env, capture_output=True, text=True)
    assert done.stdout.split()[-1:] == [raised], done.stderr[-2000:]
