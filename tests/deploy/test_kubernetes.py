"""The manifests: by Kubernetes' own schemas, by the Flink operator's and by Flink; and the night's script, run."""

import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml

from mien.storage.path import located
from tests.deploy.tools import DEPLOY, OPERATOR_CRD, tool
from tests.generated import make_photos

FOLDER = DEPLOY / 'kubernetes'
NATIVE = ('store.yaml', 'job-server.yaml', 'nightly.yaml')


def documents() -> list[dict[str, Any]]:
    return [document for path in sorted(FOLDER.glob('*.yaml')) for document in yaml.safe_load_all(path.read_text())]


def one(kind: str, name: str) -> dict[str, Any]:
    return next(document for document in documents() if (document['kind'], document['metadata']['name']) == (kind, name))


def inside(node: Any, key: str) -> Iterator[Any]:
    """The values of a key, wherever it stands."""
    if isinstance(node, dict):
        yield from (node[key],) if key in node else ()
        for value in node.values():
            yield from inside(value, key)
    if isinstance(node, list):
        for value in node:
            yield from inside(value, key)


def validate(path: Path, version: str) -> subprocess.CompletedProcess:
    call = [tool('deploy-venv/bin/kubernetes-validate'), '--strict', '-k', version, path]
    return subprocess.run(call, capture_output=True, text=True)


def check_custom(path: Path) -> subprocess.CompletedProcess:
    call = [tool('deploy-venv/bin/python'), Path(__file__).with_name('crd.py'), tool(OPERATOR_CRD), path]
    return subprocess.run(call, capture_output=True, text=True)


@pytest.mark.engines
@pytest.mark.parametrize('version', ['1.29', '1.33', '1.37'])
def test_kubernetes_knows_every_field(version, tmp_path):
    pod = one('FlinkDeployment', 'mien-flink')['spec']['taskManager']['podTemplate']
    pod['spec']['containers'][0]['image'] = 'flink'  # the operator says it
    pod |= {'apiVersion': 'v1', 'kind': 'Pod', 'metadata': {'name': 'pod'}}
    (tmp_path / 'pod.yaml').write_text(yaml.safe_dump(pod))
    for path in [*(FOLDER / name for name in NATIVE), tmp_path / 'pod.yaml']:
        done = validate(path, version)
        assert done.returncode == 0, done.stdout + done.stderr
        assert 'passed' in done.stdout + done.stderr
    (tmp_path / 'bad.yaml').write_text((FOLDER / 'nightly.yaml').read_text().replace('concurrencyPolicy', 'concurrentPolicy'))
    assert validate(tmp_path / 'bad.yaml', version).returncode != 0


@pytest.mark.engines
def test_the_operator_knows_every_field(tmp_path):
    done = check_custom(FOLDER / 'flink.yaml')
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, '', '')
    for right, wrong in {
        'flinkVersion: v1_19': 'flinkVersion: v9_9',
        'startupProbe': 'startProbe',
        'replicas: 4': 'replicas: four',
    }.items():
        (tmp_path / 'bad.yaml').write_text((FOLDER / 'flink.yaml').read_text().replace(right, wrong))
        assert check_custom(tmp_path / 'bad.yaml').returncode == 1, wrong


@pytest.mark.engines
def test_flink_knows_every_option():
    """Each stands as a constant in the classes of the distribution."""
    dist = next(tool('flink/lib').glob('flink-dist-1.19.*.jar'))
    with zipfile.ZipFile(dist) as jar:
        names = [name for name in jar.namelist() if re.fullmatch(r'org/apache/flink/configuration/[^/]*\.class', name)]
        constants = b'\n'.join(jar.read(name) for name in names)
    options = one('FlinkDeployment', 'mien-flink')['spec']['flinkConfiguration']
    assert len(options) > 5
    assert [option for option in options if option.encode() not in constants] == []
    assert b'taskmanager.numberOfSlots' not in constants


@pytest.mark.engines
def test_the_job_server_knows_every_option():
    jars = tool('flink-job-server')
    words = one('Deployment', 'mien-job-server')['spec']['template']['spec']['containers'][0]['args']
    driver = 'org.apache.beam.runners.flink.FlinkJobServerDriver'
    usage = subprocess.run(['java', '-cp', f'{jars}/*', driver, '--no-such-option'], capture_output=True, text=True, timeout=60)
    assert usage.returncode != 0
    known = set(re.findall(r'--[a-z-]+', usage.stdout + usage.stderr))
    assert {word.partition('=')[0] for word in words} <= known


def test_what_a_manifest_names_another_has():
    known = {(document['kind'], document['metadata']['name']) for document in documents()}
    named = {('Secret', one['name']) for document in documents() for one in inside(document, 'secretRef')}
    named |= {
        ('ConfigMap', one['name'])
        for document in documents()
        for one in [*inside(document, 'configMap'), *inside(document, 'configMapRef')]
    }
    assert named == {('Secret', 'mien-store'), ('ConfigMap', 'mien-nightly'), ('ConfigMap', 'mien-nightly-script')}
    assert named <= known
    server, service = one('Deployment', 'mien-job-server'), one('Service', 'mien-job-server')
    assert service['spec']['selector'].items() <= server['spec']['template']['metadata']['labels'].items()
    ports = {port['name']: port['containerPort'] for port in server['spec']['template']['spec']['containers'][0]['ports']}
    assert ports == {port['targetPort']: port['port'] for port in service['spec']['ports']} == {'jobs': 8099, 'artifacts': 8098}
    night = one('CronJob', 'mien-nightly')['spec']['jobTemplate']['spec']['template']['spec']['containers'][0]
    assert f'--job_endpoint={service["metadata"]["name"]}:{ports["jobs"]}' in night['args']
    assert '--flink-master=mien-flink-rest:8081' in server['spec']['template']['spec']['containers'][0]['args']  # NAME-rest: the operator's


def test_the_night_asks_for_as_many_workers_as_there_are_slots():
    spec = one('FlinkDeployment', 'mien-flink')['spec']
    slots = int(spec['flinkConfiguration']['taskmanager.numberOfTaskSlots']) * spec['taskManager']['replicas']
    assert one('ConfigMap', 'mien-nightly')['data']['WORKERS'] == str(slots)


def test_the_night_is_not_tried_again_when_the_call_is_wrong():
    from mien.pipelines.arguments import WRONG_CALL

    job = one('CronJob', 'mien-nightly')['spec']['jobTemplate']['spec']
    rule = next(rule for rule in job['podFailurePolicy']['rules'] if rule['action'] == 'FailJob')
    container = job['template']['spec']['containers'][0]
    assert rule['onExitCodes'] == {'containerName': container['name'], 'operator': 'In', 'values': [WRONG_CALL]}
    assert job['template']['spec']['restartPolicy'] == 'Never'  # else the kubelet starts it again, and no rule is asked
    assert job['backoffLimit'] > 0


def night(folder: Path, photos: Path, due: str, *more: str, keep: int = 9) -> subprocess.CompletedProcess:
    """Runs the script of the ConfigMap as the container does, without a cluster."""
    script = folder / 'nightly.sh'
    script.write_text(one('ConfigMap', 'mien-nightly-script')['data']['nightly.sh'])
    env = os.environ | {'PATH': f'{Path(sys.executable).parent}:{os.environ["PATH"]}', 'JOB_NAME': due, 'KEEP': str(keep)}
    env |= {'PHOTOS': str(photos), 'NIGHTS': str(folder / 'nights')}
    return subprocess.run(['bash', script, '--whole-image', *more], env=env, capture_output=True, text=True, cwd=folder)


@pytest.mark.slow
def test_the_script_labels_a_night_after_the_other(tmp_path):
    photos = make_photos(tmp_path / 'in', 2, size=48)
    first, second = (f'mien-nightly-{minutes}' for minutes in (29_000_000, 29_001_440))  # minutes since 1970, a day apart
    done = [night(tmp_path, photos, name, keep=1) for name in (first, second)]
    assert [one.returncode for one in done] == [0, 0], done[-1].stderr
    assert [path.name for path in (tmp_path / 'nights').iterdir()] == ['dt=2025-02-20']  # prune keeps one
    assert 'dt=2025-02-19' in located(tmp_path, 'nights/dt=2025-02-20/run.json').read_text()  # its --previous
    assert pq.read_table(tmp_path / 'nights/dt=2025-02-20/labels').num_rows == 2
    assert night(tmp_path, photos, second).returncode == 0  # the attempt after: the same night, and nothing to do


def test_the_script_hands_on_the_status_of_a_wrong_call_and_of_a_failure(tmp_path):
    photos = make_photos(tmp_path / 'in', 1, size=48)
    assert night(tmp_path, photos, 'mien-nightly-29000000', '--workers', '0').returncode == 2
    for number in range(25):
        (photos / f'{number}.jpg').write_bytes(b'no image')
    assert night(tmp_path, photos, 'by-hand').returncode == 1
