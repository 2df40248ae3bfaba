"""mien verify: whether a snapshot is still what was written, and whether its rows add up."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import pyarrow as pa

from ..storage.check import check
from ..storage.either import below, files_in
from ..storage.path import located
from ..transforms.parts import SNAPSHOT, digest, parquet, row_count
from ..transforms.plan_file import PLAN
from .checks import check_rows
from .finished import Finding, Finished, describe
from .snapshot import RUN, reading

HASHERS = 4  # threads; each may hold an object of a store whole


@dataclass(frozen=True)
class Verified:
    """What was found.

    Attributes:
        files: number of files whose SHA-256 was compared.
        rows: number of rows of the tables that could be read.
    """

    folder: str
    files: int
    rows: int
    findings: list[Finding]

    @property
    def text(self) -> str:
        """A line for each finding, else one that says what was checked."""
        lines = [f'{finding.file}: {finding.what}' for finding in self.findings]
        return '\n'.join(lines or [f'{self.folder}: {self.files} files and {self.rows} rows are as they were written and add up'])


def verify(folder: str) -> Verified:
    """Reads all of a snapshot, one shard's parts at a time.

    Raises:
        UsageError: it is no finished snapshot.
    """
    check(folder)
    described = describe(located(folder))
    with reading(described.folder):
        broken: dict[str, Finding] = {}
        for finding in (*damage(described), *no_file_is_too_many(described)):
            broken.setdefault(finding.file, finding)
        snapshot = replace(described, whole=frozenset(described.parts) - broken.keys())
        findings = [*broken.values(), *check_rows(snapshot)]
        rows = sum(row_count(snapshot.folder / name) for name in snapshot.whole if not name.startswith('plan/'))
    return Verified(folder, len(described.files), rows, findings)


def damage(snapshot: Finished) -> Iterator[Finding]:
    """What is wrong with the files that a snapshot must have."""
    for check_files in (parts_are_named, files_are_unchanged, parts_can_be_read):
        yield from check_files(snapshot)


def parts_are_named(snapshot: Finished) -> Iterator[Finding]:
    """Every part that there must be is named in snapshot.json, but for the plan's."""
    for name in snapshot.parts:
        if name not in snapshot.files and not name.startswith('plan/'):
            yield Finding(name, f'{SNAPSHOT} does not name it')


def files_are_unchanged(snapshot: Finished) -> Iterator[Finding]:
    """Every file that is named is there as it was written."""
    names, pool = sorted(snapshot.files), ThreadPoolExecutor(HASHERS)
    try:
        for name, wrong in zip(names, pool.map(lambda name: _change(snapshot, name), names), strict=True):
            if wrong:
                yield Finding(name, wrong)
    finally:
        pool.shutdown(cancel_futures=True)  # who wants no more than the first need not wait for all


def no_file_is_too_many(snapshot: Finished) -> Iterator[Finding]:
    """Nothing stands in the folder that is not named, but what is said of the run."""
    for path in files_in(snapshot.folder):
        name = below(path, snapshot.folder)
        if name.parts[0] not in (SNAPSHOT, RUN, 'plan') and name.as_posix() not in snapshot.files:
            yield Finding(name.as_posix(), f'is not named in {SNAPSHOT}')


def parts_can_be_read(snapshot: Finished) -> Iterator[Finding]:
    """Every part is a Parquet file, those of the plan too, which have no SHA-256."""
    for name in snapshot.parts:
        try:
            with parquet(snapshot.folder / name) as file:
                if name.startswith('plan/'):  # no SHA-256 says that its pages are whole
                    if file.schema_arrow.names != PLAN.names:
                        yield Finding(name, 'has other columns than a plan')
                        continue
                    file.read(['uri'])
        except FileNotFoundError:
            if name.startswith('plan/'):
                yield Finding(name, 'is missing')
        except (pa.ArrowException, OSError, ValueError) as error:
            yield Finding(name, f'is no Parquet file ({error})')


def _change(snapshot: Finished, name: str) -> str:
    """How a file is not as it was written; nothing where it is."""
    written = snapshot.files[name]
    try:
        found = digest(snapshot.folder / name)
    except FileNotFoundError:
        return 'is missing'
    except OSError as error:
        return f'cannot be read ({error.strerror})'
    return '' if found == written else f'has changed: SHA-256 is {found}, {SNAPSHOT} says {written}'
