"""Apache Spark: `--runner spark -- --spark_master_url=spark://HOST:7077`."""

from __future__ import annotations

from collections.abc import Iterator

from . import java, portable
from .asked import Asked
from .finding import Finding
from .reach import Address, address
from .submitted import Submitted

SETTINGS: dict[str, str | int] = {
    'executor.extraJavaOptions': ' '.join(java.OPENS),
    'scheduler.minRegisteredResourcesRatio': '1.0',  # for up to 30 s a job waits for all executors: the first would take all its tasks
    'locality.wait': '0s',
    'ui.enabled': 'false',
}
WEB_PORT = 8080  # of a standalone master, by default


def flags(asked: Asked) -> list[str]:
    """Beam's options."""
    return [*_way(asked), *portable.workers_in_pool(asked)]


def overrides(asked: Asked) -> list[str]:
    """What stands behind the user's options."""
    return [] if asked.says('job_endpoint') else java.overrides()


def is_near(asked: Asked) -> bool:
    """Whether the workers see this machine's folders."""
    said = [where for where in (portable.endpoint(asked), _master(asked)) if where is not None]
    return portable.loopback(asked) or _within(asked) or (bool(said) and all(where.near for where in said))


def findings(asked: Asked) -> Iterator[Finding]:
    """What would fail late."""
    endpoint, master = portable.endpoint(asked), _master(asked)
    if endpoint is None and master is None and not _within(asked):
        remedy = 'say -- --spark_master_url=spark://HOST:7077, or of a running job server: -- --job_endpoint=HOST:8099'
        yield Finding(f'--runner spark: which cluster? {remedy}')
    if endpoint is not None:
        yield from portable.service_findings('Spark', endpoint)
        if asked.workers is not None:
            yield Finding(f"--workers {asked.workers}: a running job server's own spark.cores.max decides; leave it out", fatal=False)
        return
    yield from java.findings(asked, 'spark')
    if master is not None and (reason := master.refusal()) is not None:
        yield Finding(f'--spark_master_url spark://{master}: nobody there ({reason}); start the master or check host and port')


def submitted(asked: Asked, name: str) -> Submitted:
    """What finds the job again. A job server that Beam starts is Spark's driver: the job ends with the command, and nothing is noted."""
    endpoint, master = portable.endpoint_text(asked), _master(asked)
    web = f'http://{Address(master.host, WEB_PORT)}' if endpoint and master else None
    return Submitted('spark', name, endpoint=endpoint, master=web)


def _way(asked: Asked) -> list[str]:
    if asked.says('job_endpoint'):
        return ['--runner=PortableRunner']
    master = _master(asked)
    settings = SETTINGS | ({'cores.max': asked.workers, 'default.parallelism': asked.workers} if asked.workers else {})
    if master is not None and (driver := master.seen_from_there()) is not None:
        settings |= {'driver.host': driver}  # a machine of several networks would offer its workers any of its addresses
    return ['--runner=SparkRunner', *java.defaults(asked, [f'-Dspark.{name}={value}' for name, value in settings.items()])]


def _within(asked: Asked) -> bool:
    """Whether Spark runs in the job server's own process."""
    return (asked.local('spark_master_url') or '').startswith('local')


def _master(asked: Asked) -> Address | None:
    said = asked.local('spark_master_url')
    return None if said is None or _within(asked) else address('spark_master_url', said)
