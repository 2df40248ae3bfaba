"""What more than one file here asks for."""

import pytest

from mien.transforms.decode import silence


@pytest.fixture(scope='module')
def quiet():
    """Without OpenCV's log lines."""
    silence()
