"""Whether somebody listens, and what a REST endpoint says."""

from __future__ import annotations

import json
import socket
import urllib.request
from typing import Any

SECONDS = 2.0


def answers(address: str, port: int) -> bool:
    """Whether a connection is accepted."""
    try:
        with socket.create_connection((address, port), SECONDS):
            return True
    except OSError:
        return False


def get_json(url: str) -> Any:
    """What a GET returns.

    Raises:
        OSError: nobody answers, or with an error status.
    """
    with urllib.request.urlopen(url, timeout=SECONDS * 5) as answer:
        return json.load(answer)
