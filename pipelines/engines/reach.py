"""Whether a host answers, within seconds; and where it is."""

from __future__ import annotations

import ipaddress
import json
import socket
import urllib.request
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ...configs.errors import UsageError

PATIENCE = 3.0  # seconds until a host counts as not there
LOCAL_NAMES = frozenset({'localhost', '[local]', '[auto]', 'embed'})


@dataclass(frozen=True)
class Address:
    """A host and a port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f'[{self.host}]:{self.port}' if ':' in self.host else f'{self.host}:{self.port}'

    @property
    def near(self) -> bool:
        """Whether this very machine is meant."""
        try:
            return self.host in LOCAL_NAMES or ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    def refusal(self, seconds: float = PATIENCE) -> str | None:
        """Why nobody takes a connection there, or None where somebody does."""
        try:
            socket.create_connection((self.host, self.port), seconds).close()
        except OSError as error:
            return error.strerror or str(error) or 'no answer'
        return None

    def seen_from_there(self) -> str | None:
        """The address that this machine has for the host; None where it can't be reached."""
        try:
            with socket.create_connection((self.host, self.port), PATIENCE) as connection:
                return str(connection.getsockname()[0])
        except OSError:
            return None

    def refuses(self) -> bool:
        """Whether the host is there, and nobody on it listens."""
        try:
            socket.create_connection((self.host, self.port), PATIENCE).close()
        except ConnectionRefusedError:
            return True
        except OSError:
            pass
        return False


def address(what: str, value: str) -> Address:
    """The host and port in `HOST:PORT` or a url.

    Args:
        what: the option that says it.
    Raises:
        UsageError: it says no host or no port.
    """
    try:
        parts = urlsplit(value if '://' in value else f'//{value}')
        if parts.hostname and parts.port:
            return Address(parts.hostname, parts.port)
    except ValueError:
        pass
    raise UsageError(f'--{what} {value!r}: names no host and port; say --{what}=HOST:PORT')


def asked(url: str, token: str | None = None, method: str = 'GET', seconds: float = PATIENCE) -> Any:
    """The JSON that a server answers.

    Raises:
        OSError: nobody answers, or with a status that is no success (urllib.error.HTTPError).
        ValueError: the answer is no JSON.
    """
    request = urllib.request.Request(url, headers={'Authorization': f'Bearer {token}'} if token else {}, method=method)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({} if _is_near(url) else None))
    with opener.open(request, timeout=seconds) as answer:
        return json.load(answer)


def _is_near(url: str) -> bool:
    parts = urlsplit(url)
    return Address(parts.hostname or '', parts.port or 0).near
