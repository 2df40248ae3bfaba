"""Apache Flink: `--runner flink -- --flink_master=HOST:8081`."""

from __future__ import annotations

from collections.abc import Iterator

from apache_beam.options.pipeline_options import FlinkRunnerOptions

from . import flink_rest, java, portable
from .asked import Asked
from .finding import Finding
from .reach import Address, address
from .submitted import Submitted

VERSIONS = FlinkRunnerOptions.PUBLISHED_FLINK_VERSIONS


def flags(asked: Asked) -> list[str]:
    """Beam's options; asks the cluster for its version and slots where the user says neither."""
    found = _cluster(asked)
    workers = asked.workers or (found.slots if found and found.slots else None)
    parallel = [f'--parallelism={workers}'] if workers else []
    return [*_way(asked, found), *portable.workers_in_pool(asked), *parallel, '--object_reuse']


def overrides(asked: Asked) -> list[str]:
    """What stands behind the user's options."""
    return [] if asked.says('job_endpoint') else java.overrides()


def is_near(asked: Asked) -> bool:
    """Whether the workers see this machine's folders."""
    said = [where for where in (portable.endpoint(asked), _master(asked)) if where is not None]
    return portable.loopback(asked) or (bool(said) and all(where.near for where in said))


def findings(asked: Asked) -> Iterator[Finding]:
    """What would fail late."""
    endpoint, master = portable.endpoint(asked), _master(asked)
    if endpoint is None and master is None:
        remedy = 'say -- --flink_master=HOST:8081, or of a running job server: -- --job_endpoint=HOST:8099'
        yield Finding(f'--runner flink: which cluster? {remedy}')
    if endpoint is not None:
        yield from portable.service_findings('Flink', endpoint)
    elif master is not None:
        yield from java.findings(asked, 'flink')
    if master is not None:
        yield from _cluster_findings(asked, master)
    elif endpoint is not None and asked.workers is None and not asked.says('parallelism'):
        yield Finding("--workers isn't said: Flink's own default of parallelism is used, often 1; say --workers N", fatal=False)


def submitted(asked: Asked, name: str) -> Submitted:
    """What finds the job again. A job server that Beam starts ends with the command; the cluster knows the job by its name."""
    master = asked.local('flink_master')
    return Submitted('flink', name, endpoint=portable.endpoint_text(asked), master=master and flink_rest.url(master))


def _way(asked: Asked, found: flink_rest.Cluster | None) -> list[str]:
    """To a job server that runs, or by one that Beam starts, of the cluster's version."""
    if asked.says('job_endpoint'):
        return ['--runner=PortableRunner']
    version = [f'--flink_version={found.version}'] if found and found.version in VERSIONS else []
    return ['--runner=FlinkRunner', *version, *java.defaults(asked, [])]


def _cluster_findings(asked: Asked, master: Address) -> Iterator[Finding]:
    reason = master.refusal()
    if reason is not None:
        yield Finding(f'--flink_master {master}: nobody there ({reason}); start the JobManager or check host and port')
        return
    found = _cluster(asked)
    if found is None:
        yield Finding(f"--flink_master {master}: no JobManager of Flink answers; check the port: its REST's, by default 8081")
        return
    yield from _capacity(asked, found, master)
    ours = not asked.says('job_endpoint', 'flink_job_server_jar', 'flink_version')
    if ours and found.version not in VERSIONS:
        yield Finding(
            f'--flink_master {master}: Flink {found.version}, and Beam has job servers of {", ".join(VERSIONS)}; '
            'run one of these, or say --flink_job_server_jar or --job_endpoint'
        )
    if not found.restarts:
        text = 'has no restart strategy, so a worker that is killed fails the job; set restart-strategy.type: fixed-delay'
        yield Finding(f'--flink_master {master}: {text} in its config.yaml', fatal=False)


def _capacity(asked: Asked, found: flink_rest.Cluster, master: Address) -> Iterator[Finding]:
    """Too few slots for the parallelism."""
    said = asked.value('parallelism') if asked.says('parallelism') else asked.workers
    wanted = said or max(found.slots, 1)
    has = f'--flink_master {master}: {found.task_managers} TaskManagers with {found.slots} slots'
    remedy = f'start more or say --workers {found.slots}' if found.slots else 'start TaskManagers'
    if wanted > found.slots:
        yield Finding(f'{has}, and {wanted} are wanted; {remedy}', fatal=not found.grows)
    elif wanted > found.free:
        waits = f"{found.free} of them free, and {wanted} are wanted: the job waits for others to end, and fails where they don't"
        yield Finding(f'{has}, {waits}; say --workers {max(found.free, 1)} or wait', fatal=False)


def _master(asked: Asked) -> Address | None:
    said = asked.local('flink_master')
    return None if said is None else address('flink_master', said)


def _cluster(asked: Asked) -> flink_rest.Cluster | None:
    master = asked.local('flink_master')
    if master is None:
        return None
    try:
        return flink_rest.cluster(flink_rest.url(master))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
