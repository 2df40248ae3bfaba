"""What a stranger installs: a wheel, and the source archive that Beam stages to workers, each in an empty environment."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from apache_beam.runners.portability.stager import Stager

from mien.models.package import find, installed

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.install, pytest.mark.timeout(1500)]


def wheel(folder: Path) -> Path:
    subprocess.run([sys.executable, '-m', 'pip', 'wheel', '--quiet', '--no-deps', '-w', folder, ROOT], check=True)
    return next(folder.glob('*.whl'))


def staged(folder: Path) -> Path:
    """The archive that `--setup_file ./setup.py` sends."""
    return Path(Stager._build_setup_package('./setup.py', str(folder)))


@pytest.mark.parametrize('make', [wheel, staged])
def test_an_empty_environment_runs_the_demo_outside_of_the_checkout(make, tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    archive = make(tmp_path)
    python = tmp_path / 'venv/bin/python'
    subprocess.run([sys.executable, '-m', 'venv', tmp_path / 'venv'], check=True)
    subprocess.run([python, '-m', 'pip', 'install', '--quiet', '-c', ROOT / 'constraints.txt', f'{archive}[demo]'], check=True)
    done = subprocess.run([tmp_path / 'venv/bin/mien', 'demo'], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert 'astronaut.png' in done.stdout
    assert (tmp_path / 'demo-out/sheet.png').stat().st_size > 100_000
    where = subprocess.run([python, '-c', 'import mien.pipelines as p; print(p.__file__)'], cwd=tmp_path, capture_output=True, text=True)
    assert where.stdout.startswith(str(tmp_path))


def test_the_wheel_holds_configs_and_default_model_and_only_mien(tmp_path):
    names = zipfile.ZipFile(wheel(tmp_path)).namelist()
    packages = {f'mien/models/packages/{name}/{file}' for name in installed() for file in ('model.json', *find(name).files)}
    assert {'mien/configs/label.yaml', *packages} <= set(names)
    assert {name.split('/')[0].split('-')[0] for name in names} == {'mien'}
    assert {name.split('/')[1] for name in names if name.startswith('mien/')} == {'configs', 'storage', 'transforms', 'models', 'pipelines'}
