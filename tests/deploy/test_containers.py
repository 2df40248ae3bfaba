"""The container files: by linters and parsers that others wrote, and their steps, run in an empty environment instead of an image."""

import fnmatch
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deploy.tools import DEPLOY, ROOT, tool
from tests.generated import make_photos

FOLDER = DEPLOY / 'containers'
FILES = ('worker.Dockerfile', 'launcher.Dockerfile')
PARSE = """
import json, sys
from dockerfile_parse import DockerfileParser
with open(sys.argv[1], 'rb') as file:
    print(json.dumps(DockerfileParser(fileobj=file).structure))
"""
POOL = """
set -e
ip link set lo up
mount -t tmpfs tmpfs /opt
mkdir -p /opt/apache/beam
cp "$BOOT" /opt/apache/beam/boot
/opt/apache/beam/boot --worker_pool >pool.log 2>&1 &
"$PRISM" --job_port=8073 --serve_http=false >prism.log 2>&1 &
sleep 8
exec mien "$@"
"""  # the arguments of the manifest; when mien ends, so do the others


def pins() -> dict[str, str]:
    lines = (ROOT / 'constraints.txt').read_text().splitlines()
    return dict(line.partition(';')[0].strip().split('==') for line in lines if '==' in line.partition(';')[0])


def steps(name: str) -> list[tuple[str, str]]:
    """Each instruction of a file and what it says, as a parser of container files reads them."""
    call = [tool('deploy-venv/bin/python'), '-c', PARSE, FOLDER / name]
    read = json.loads(subprocess.run(call, check=True, capture_output=True, text=True).stdout)
    return [(step['instruction'], ' '.join(step['value'].split())) for step in read if step['instruction'] != 'COMMENT']


def ignored(path: str) -> bool:
    """Whether the file beside the Dockerfile keeps a path of the checkout out of the image: the last pattern that fits decides."""
    kept_out = False
    for line in (FOLDER / 'worker.Dockerfile.dockerignore').read_text().splitlines():
        pattern = line.removeprefix('!')
        fits = any(fnmatch.fnmatch(part, pattern.removeprefix('**/')) for part in (path, path.split('/')[0], *path.split('/')))
        if line and not line.startswith('#') and fits:
            kept_out = not line.startswith('!')
    return kept_out


def test_the_ignored_files_are_all_but_what_is_packed():
    rooms = re.search(r'ROOMS = \((.*?)\)', (ROOT / 'setup.py').read_text())
    assert rooms is not None
    needed = [*re.findall(r"'(\w+)'", rooms[1]), 'setup.py', 'pyproject.toml', 'constraints.txt', 'README.md', 'LICENSE']
    assert [path for path in needed if not (ROOT / path).exists() or ignored(path)] == []
    assert all(
        map(ignored, ('.git/config', '.venv/bin/python', '.engines/bin/prism', 'tests/conftest.py', 'configs/__pycache__/schema.pyc'))
    )


def test_the_images_are_of_the_versions_that_are_pinned():
    """The base's Python is one that mien supports, and Beam's boot is of the Beam that the constraints name."""
    text = (FOLDER / 'worker.Dockerfile').read_text()
    images = re.findall(r'^FROM (\S+)', text, re.MULTILINE)
    assert images == ['python:3.11-slim', f'apache/beam_python3.11_sdk:{pins()["apache-beam"]}', 'python:3.11-slim']
    assert 'python311-template-launcher-base' in (FOLDER / 'launcher.Dockerfile').read_text()
    job_server = (DEPLOY / 'kubernetes/job-server.yaml').read_text()
    assert f'apache/beam_flink1.19_job_server:{pins()["apache-beam"]}' in job_server


@pytest.mark.engines
@pytest.mark.parametrize('name', FILES)
def test_a_linter_of_container_files_finds_nothing(name, tmp_path):
    done = subprocess.run([tool('deploy-venv/bin/hadolint'), FOLDER / name], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, '', '')
    (tmp_path / 'bad.Dockerfile').write_text((FOLDER / name).read_text() + 'RUN cd /tmp && pip install numpy\n')
    assert subprocess.run([tool('deploy-venv/bin/hadolint'), tmp_path / 'bad.Dockerfile'], capture_output=True).returncode == 1


@pytest.mark.engines
def test_what_the_files_copy_is_there():
    """From the checkout, or from a stage before."""
    for name in FILES:
        stages = [value.split(' AS ')[1] for step, value in steps(name) if step == 'FROM' and ' AS ' in value]
        for _, value in [one for one in steps(name) if one[0] == 'COPY']:
            origin, sources = re.match(r'--from=(\S+)', value), [word for word in value.split()[:-1] if not word.startswith('--')]
            assert origin is None or origin[1] in stages, value
            assert origin is not None or all((ROOT / source).exists() for source in sources), value
    assert steps('worker.Dockerfile')[-1] == ('ENTRYPOINT', '["/opt/apache/beam/boot"]')
    assert dict(steps('launcher.Dockerfile'))['COPY'] == 'deploy/dataflow/launcher.py /template/launcher.py'
    env = ' '.join(value for step, value in steps('launcher.Dockerfile') if step == 'ENV')
    assert 'FLEX_TEMPLATE_PYTHON_PY_FILE=/template/launcher.py' in env


@pytest.fixture(scope='module')
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the worker's file makes, in a folder: its commands word for word, but that paths lie below that folder."""
    root = tmp_path_factory.mktemp('image')
    subprocess.run([sys.executable, '-m', 'venv', root / 'venv'], check=True)
    (root / 'src').mkdir()
    for path in [path for path in ROOT.iterdir() if not ignored(path.name)]:
        copy = shutil.copytree if path.is_dir() else shutil.copy
        copy(path, root / 'src' / path.name)
    (root / 'opt/mien').mkdir(parents=True)
    shutil.copy(ROOT / 'constraints.txt', root / 'opt/mien')
    (root / 'opt/mien/wheels').symlink_to(root / 'wheels')
    env = os.environ | {'PATH': f'{root}/venv/bin:{os.environ["PATH"]}', 'HOME': str(root)}
    for command in [value for step, value in steps('worker.Dockerfile') if step == 'RUN']:
        here = re.sub(r'(?<![\w.])/(wheels|opt/mien)', rf'{root}/\1', command)
        done = subprocess.run(['sh', '-c', here], cwd=root / 'src', env=env, capture_output=True, text=True)
        assert done.returncode == 0, f'{here}\n{done.stdout[-3000:]}{done.stderr[-3000:]}'
    return root


@pytest.mark.engines
@pytest.mark.timeout(1500)
def test_the_image_labels(image, tmp_path):
    photos = make_photos(tmp_path / 'in', 3, size=48)
    call = [image / 'venv/bin/mien', 'label', '--whole-image', photos, '--out', tmp_path / 'out', '--json']
    done = subprocess.run(call, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)['counts']['labels'] == 3
    shown = subprocess.run(
        [image / 'venv/bin/python', '-c', 'import mien.pipelines as p; print(p.__file__)'], capture_output=True, text=True
    )
    assert shown.stdout.startswith(str(image))


@pytest.mark.engines
@pytest.mark.timeout(1500)
@pytest.mark.skipif(os.geteuid() != 0, reason='puts boot where an image has it, in namespaces: root only')
def test_the_entrypoint_is_a_pool_whose_workers_do_a_job(image, tmp_path):
    """Beam's boot, and Prism as the engine, on a host of their own."""
    photos = make_photos(tmp_path / 'in', 3, size=48)
    env = os.environ | {'BOOT': str(tool('bin/boot')), 'PRISM': str(tool('bin/prism')), 'RUN_PYTHON_SDK_IN_DEFAULT_ENVIRONMENT': '1'}
    env['PATH'] = f'{image}/venv/bin:{os.environ["PATH"]}'
    alone = ['unshare', '--mount', '--net', '--pid', '--fork', '--kill-child', 'sh', '-c', POOL, 'sh']
    words = ['label', '--whole-image', photos, '--out', tmp_path / 'out', '--runner', 'prism', '--json']
    beam = ['--', '--job_endpoint=127.0.0.1:8073', '--environment_type=EXTERNAL', '--environment_config=127.0.0.1:50000']
    done = subprocess.run([*alone, *words, *beam], env=env, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    log = (tmp_path / 'pool.log').read_text()
    assert done.returncode == 0, done.stderr + log[-4000:]
    assert json.loads(done.stdout)['counts']['labels'] == 3
    assert "Starting worker with command ['/opt/apache/beam/boot'" in log
