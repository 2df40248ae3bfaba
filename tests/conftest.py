"""Real data for tests: extracted once a session; a test that needs it skips where it is absent, and fails in CI."""

from __future__ import annotations

import os
import tarfile
from pathlib import Path

import pytest
from hypothesis import settings

SHARED = Path(__file__).resolve().parents[2] / 'shared' / 'data'

settings.register_profile('mien', deadline=None)  # the machine may be busy
settings.load_profile('mien')


def _extracted(archive: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp(archive.removesuffix('.tar'))
    with tarfile.open(_file(archive)) as tar:
        tar.extractall(folder, filter='data')
    return folder


def _file(name: str) -> Path:
    path = SHARED / name
    if not path.is_file():
        reason = f'needs {name} of the development data, which is not beside the checkout'
        pytest.fail(reason) if os.environ.get('CI') else pytest.skip(reason)
    return path


@pytest.fixture(scope='session')
def photos_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight photos of 0 to about 30 faces, and the annotations of four of them."""
    return _extracted('photos.tar', tmp_path_factory) / 'photos'


@pytest.fixture(scope='session')
def portraits_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """1,949 portraits."""
    return _extracted('portraits.tar', tmp_path_factory) / 'portraits'


@pytest.fixture(scope='session')
def fer2013_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """FER2013's PublicTest faces, `public_test/<emotion>/ferNNNNNNN.png`."""
    return _extracted('fer2013-public-test.tar', tmp_path_factory)


@pytest.fixture(scope='session')
def labels_dir() -> Path:
    """The folder of `fer2013-labels.csv` and `portraits-labels.csv`."""
    return _file('fer2013-labels.csv').parent


@pytest.fixture(scope='session')
def fer2013_tars() -> tuple[Path, Path]:
    """The tars of FER2013's Training and PublicTest faces, `.../<emotion>/ferNNNNNNN.png`."""
    return _file('fer2013-training.tar'), _file('fer2013-public-test.tar')
