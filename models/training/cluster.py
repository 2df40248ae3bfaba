"""What TF_CONFIG says: which workers train one model together, and which of them this process is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...configs.errors import UsageError

VARIABLE = 'TF_CONFIG'
CHIEF, WORKER = 'chief', 'worker'
REMEDY = 'give {"cluster": {"worker": ["HOST:PORT", ...]}, "task": {"type": "worker", "index": 0}}, or unset it to train alone'


@dataclass(frozen=True)
class Cluster:
    """Workers that train together.

    Attributes:
        addresses: HOST:PORT of each, the chief first.
        index: which of them this process is.
    """

    addresses: tuple[str, ...]
    index: int


def cluster_of(environment: Mapping[str, str]) -> Cluster | None:
    """The cluster that TF_CONFIG names; None where it is not set or names no other worker.

    Raises:
        UsageError: it is no JSON, has no workers, or this process is none of them.
    """
    said = environment.get(VARIABLE, '').strip()
    if not said:
        return None
    config = _json(said)
    jobs, task = config.get('cluster'), config.get('task')
    if not isinstance(jobs, dict) or not isinstance(task, dict):
        raise _wrong('has no "cluster" with a "task"')
    chiefs, workers = _addresses(jobs, CHIEF), _addresses(jobs, WORKER)
    if not chiefs and not workers:
        raise _wrong(f'its cluster has no chief and no worker, only {", ".join(map(repr, jobs)) or "nothing"}')
    strange = sorted(set(jobs) - {CHIEF, WORKER})
    if strange or len(chiefs) > 1:
        raise _wrong(f'its cluster has {strange[0]!r}, which takes no part' if strange else 'its cluster has more than one chief')
    kind, index = task.get('type'), task.get('index')
    group = {CHIEF: chiefs, WORKER: workers}.get(str(kind), ())
    if not isinstance(index, int) or not 0 <= index < len(group):
        raise _wrong(f'its task {kind!r} {index!r} is not in its cluster')
    cluster = Cluster((*chiefs, *workers), index + (len(chiefs) if kind == WORKER else 0))
    return cluster if len(cluster.addresses) > 1 else None


def _json(said: str) -> dict[str, Any]:
    try:
        config = json.loads(said)
    except ValueError as error:
        raise _wrong(f'is no JSON ({error})') from error
    if not isinstance(config, dict):
        raise _wrong('is no JSON object')
    return config


def _addresses(jobs: dict[str, Any], name: str) -> tuple[str, ...]:
    found = jobs.get(name, [])
    if not isinstance(found, list) or not all(isinstance(address, str) and ':' in address for address in found):
        raise _wrong(f'its {name!r} is no list of HOST:PORT')
    return tuple(found)


def _wrong(what: str) -> UsageError:
    return UsageError(f'{VARIABLE}: {what}; {REMEDY}')
