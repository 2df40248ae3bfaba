"""Google Cloud Dataflow: `--runner dataflow -- --project=P --region=R --temp_location=gs://BUCKET/tmp`."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from .asked import Asked
from .finding import Finding
from .submitted import Submitted

WORKERS = 10  # machines at most
MACHINE = 'n2-standard-4'  # Beam starts a process a core: 4 GB each
DISK_GB = 50  # an image with mien's libraries takes 5; nothing of the photos is kept there
THREADS = 2  # of each process: one waits for the store while the other decodes. Each has an extractor, a detector and an interpreter
REQUIRED = {'project': 'PROJECT', 'region': 'europe-west1', 'temp_location': 'gs://BUCKET/tmp'}


def flags(asked: Asked) -> list[str]:
    """Beam's options."""
    return [
        '--runner=DataflowRunner',
        '--autoscaling_algorithm=THROUGHPUT_BASED',
        f'--max_num_workers={asked.workers or WORKERS}',
        f'--worker_machine_type={MACHINE}',
        f'--disk_size_gb={DISK_GB}',
        f'--number_of_worker_harness_threads={THREADS}',
        *_mien(asked),
    ]


def overrides(asked: Asked) -> list[str]:
    """What stands behind the user's options: nothing."""
    return []


def is_near(asked: Asked) -> bool:
    """Whether the workers see this machine's folders."""
    return False


def findings(asked: Asked) -> Iterator[Finding]:
    """What would fail late."""
    missing = [f'--{name}={example}' for name, example in REQUIRED.items() if not _said(asked, name)]
    if missing:
        yield Finding(f'--runner dataflow: misses {", ".join(word.partition("=")[0] for word in missing)}; say -- {" ".join(missing)}')
    for name in ('temp_location', 'staging_location'):
        value = asked.value(name)
        if value is not None and not value.startswith('gs://'):
            yield Finding(f'--{name} {value!r}: Dataflow stages in Cloud Storage; say --{name}=gs://BUCKET/...')
    if not _installed():
        yield Finding("--runner dataflow: Google's client is not installed; pip install 'apache-beam[gcp]'")
    if not asked.says('sdk_container_image', 'setup_file', 'extra_package', 'extra_packages') and _setup_file() is None:
        yield Finding('--runner dataflow: what installs mien on the workers? say -- --sdk_container_image=IMAGE')


def submitted(asked: Asked, name: str) -> Submitted:
    """What finds the job again."""
    where = f'projects/{asked.value("project")}/locations/{asked.value("region")}'
    return Submitted('dataflow', name, endpoint=asked.value('dataflow_endpoint'), master=where)


def _mien(asked: Asked) -> list[str]:
    """How the workers get mien: from the image that the user names, else from this checkout's source archive."""
    if asked.says('sdk_container_image'):
        return ['--sdk_location=container']
    setup = None if asked.says('setup_file', 'extra_package', 'extra_packages') else _setup_file()
    return [] if setup is None else [f'--setup_file={setup}']


def _said(asked: Asked, name: str) -> bool:
    return bool(asked.value(name)) or (name == 'temp_location' and bool(asked.value('staging_location')))


def _setup_file() -> Path | None:
    """The checkout's; None where mien is installed."""
    path = Path(__file__).resolve().parents[2] / 'setup.py'
    return path if path.is_file() else None


def _installed() -> bool:
    return find_spec('apitools') is not None and find_spec('google.auth') is not None
