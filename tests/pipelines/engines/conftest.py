"""An address that no server has."""

import socket
from contextlib import closing

import pytest


@pytest.fixture
def nobody():
    """An address where nobody listens."""
    with closing(socket.create_server(('127.0.0.1', 0))) as listening:
        port = listening.getsockname()[1]
    return f'127.0.0.1:{port}'
