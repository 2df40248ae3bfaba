"""Prism, Beam's own portable engine: `--runner prism -- --job_endpoint=HOST:8073`."""

from __future__ import annotations

from collections.abc import Iterator

from . import portable
from .asked import Asked
from .finding import Finding
from .submitted import Submitted


def flags(asked: Asked) -> list[str]:
    """Beam's options."""
    return ['--runner=PortableRunner', *portable.workers_in_pool(asked)]


def overrides(asked: Asked) -> list[str]:
    """What stands behind the user's options: nothing."""
    return []


def is_near(asked: Asked) -> bool:
    """Whether the workers see this machine's folders."""
    endpoint = portable.endpoint(asked)
    return portable.loopback(asked) or endpoint is None or endpoint.near


def findings(asked: Asked) -> Iterator[Finding]:
    """What would fail late."""
    endpoint = portable.endpoint(asked)
    if endpoint is None:
        yield Finding('--runner prism: where? start it with `prism --job_port=8073` and say -- --job_endpoint=HOST:8073')
        return
    yield from portable.service_findings('prism', endpoint)
    if asked.workers is not None:
        yield Finding(f'--workers {asked.workers}: prism shares work out among its worker itself; leave it out', fatal=False)


def submitted(asked: Asked, name: str) -> Submitted:
    """What finds the job again."""
    return Submitted('prism', name, endpoint=portable.endpoint_text(asked))
