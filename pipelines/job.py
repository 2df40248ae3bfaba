"""What `label` and `build` share: from inputs to a finished snapshot, around the pipeline of each."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ..configs.errors import UsageError
from ..configs.schema import Crop, PhotoConfig
from ..storage.check import check
from ..storage.either import absolute, below, files_in
from ..storage.files import read_each, remove
from ..storage.path import AnyPath, is_stored, located
from ..transforms.carry import Carry
from ..transforms.extract_faces import WholeImages
from ..transforms.parts import SNAPSHOT, UNSETTLED, WORK, digest, read_json, unsettled_path, write_json
from ..transforms.records import Entry
from ..transforms.write import Layout
from .engines.finding import Given
from .engines.preflight import preflight, sees_local
from .inputs import Source, list_inputs
from .listing.lists import is_list
from .plan import Plan, write_plans
from .previous import earlier
from .recipe import Recipe
from .runners import Run
from .running import wait_for_earlier
from .snapshot import Output
from .surroundings import Surroundings, say_once
from .totals import add_up, check_ceiling


@dataclass(frozen=True)
class Job:
    """A pipeline job.

    Attributes:
        sources: the INPUTs.
        crop: how faces are cut.
        whole: which photos are face crops already.
        carry: what is taken from the snapshot that --previous names.
    """

    recipe: Recipe
    config: PhotoConfig
    sources: list[Source]
    crop: Crop
    whole: WholeImages
    output: Output
    run: Run
    carry: Carry | None = None

    @property
    def roots(self) -> list[str]:
        """The INPUTs by name; their order on the command line says nothing."""
        return sorted(f'{source.name}={absolute(source.given)}' for source in self.sources)

    def layout(self, plan: Plan, schemas: dict[str, Any]) -> Layout:
        return Layout(plan.folder, plan.shards, {name: self.recipe.stamped(schema) for name, schema in schemas.items()})


@dataclass(frozen=True)
class More:
    """What a job made beyond the parts of photos and faces.

    Attributes:
        files: SHA-256 by path below the snapshot.
        counts: rows by table.
        tallies: what else was counted, by subject and name.
        said: what else the snapshot says of itself.
    """

    files: Mapping[str, str] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    tallies: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    said: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """How a job ended.

    Attributes:
        made: whether this call made the snapshot; else it stood there already.
        counts: rows by table.
        statuses: photos by status.
        tallies: what else was counted, by subject and name.
    """

    folder: str
    made: bool
    counts: dict[str, int]
    statuses: dict[str, int]
    tallies: dict[str, dict[str, int]]


def carry_out(job: Job, body: Callable[[Job, Plan], More]) -> bool:
    """Runs a job to its finished snapshot, or finds it there.

    Args:
        body: does what there is to do under the plan.
    Returns:
        Whether the snapshot was made by this call.
    Raises:
        UsageError: the call is wrong.
        JobFailed: too many photos failed, or the surroundings did; finished shards are kept.
    """
    check_stores(job)
    job.output.refuse_strangers()
    if not job.output.unsettled and job.output.is_finished(job.recipe, job.roots, job.run.overwrite):
        return False
    started = time.time()
    preflight(job.run, list(_given(job)), lambda text: print(f'mien: warning: {text}', file=sys.stderr))
    say_once()
    with Surroundings(f'output {str(job.output.out)!r}: '), job.output.held() as settled:
        if job.output.is_finished(job.recipe, job.roots, job.run.overwrite, settled):
            return False
        with earlier(job.run, job.recipe) as carry:
            job.output.is_anothers(job.recipe, job.roots, job.run.overwrite)
            wait_for_earlier(job)
            job.output.begin(job.recipe, job.roots, job.run.overwrite)
            plan = write_plans(inputs_of(job), job.config, str(job.output.partial))
            more = body(replace(job, carry=carry), plan)
        _finish(job, plan, more, started)  # what stands in its place, and may be the earlier one, is no longer held by then
    return True


def check_stores(job: Job) -> None:
    """Raises UsageError where a store that is read or written cannot be reached, or is not ours to."""
    for place in dict.fromkeys(str(located(one.value)) for one in _given(job) if is_stored(one.value)):
        check(place)


def _given(job: Job) -> Iterator[Given]:
    """What workers read and write."""
    yield Given('output', str(job.output.out))
    yield from (Given('input', source.given) for source in job.sources if not is_list(source.given))
    yield from [Given('--previous', job.run.previous)] if job.run.previous else []


def inputs_of(job: Job) -> Iterator[Entry]:
    """All inputs, also those that --include, --exclude and --limit leave out; the output is none.

    Raises:
        UsageError: see `list_inputs`; a list names a file of this machine, and workers are elsewhere.
    """
    entries = list_inputs(job.sources, job.config, [str(job.output.partial), str(job.output.out)])
    return entries if sees_local(job.run) else _all_stored(entries, job.run.runner)


def _all_stored(entries: Iterator[Entry], runner: str) -> Iterator[Entry]:
    for entry in entries:
        if not is_stored(entry.path):
            text = f"is on this machine, and the workers of --runner {runner} don't see it; copy it to a store"
            raise UsageError(f'input {entry.path!r}: {text}')
        yield entry


def outcome(job: Job, made: bool) -> Outcome:
    """What the finished snapshot says."""
    snapshot = read_json(job.output.out / SNAPSHOT)
    return Outcome(str(job.output.out), made, snapshot['counts'], snapshot['statuses'], snapshot['tallies'])


def _finish(job: Job, plan: Plan, more: More, started: float) -> None:
    """Counts must add up before anything is called complete."""
    totals = add_up(plan.done())
    if totals.shards != plan.shards or totals.rows['images'] != plan.inputs:
        raise RuntimeError(f'{totals.rows["images"]} of {plan.inputs} images written, {totals.shards} of {plan.shards} shards done')
    check_ceiling(totals, job.config.failure_ceiling)
    files = totals.files | dict(more.files)
    _remove_leftovers(job.output.partial, files)
    write_json(job.output.partial / UNSETTLED, {'uris': _unsettled(plan)})
    counted = {'counts': dict(totals.rows) | dict(more.counts), 'statuses': dict(sorted(totals.statuses.items())), 'tallies': more.tallies}
    snapshot = job.recipe.as_dict() | counted | dict(more.said) | {'shards': plan.shards, 'files': files}
    job.output.complete(snapshot, _run_facts(job, started) | {'tried_again': sorted(totals.doubtful), 'shards_by_host': dict(totals.hosts)})


def _unsettled(plan: Plan) -> list[str]:
    """Uris of inputs that changed while they were read."""
    said = read_each(sorted(unsettled_path(plan.folder, 0).parent.glob('*.json')))
    return sorted(uri for data in said if data is not None for uri in json.loads(data)['uris'])


def _run_facts(job: Job, started: float) -> dict[str, Any]:
    return {
        'inputs': job.roots,
        'runner': job.run.runner,
        'workers': job.run.workers,
        'previous': job.run.previous,
        'started': time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(started)),
        'seconds': round(time.time() - started, 3),
        'host': os.uname().nodename,
    }


def _remove_leftovers(folder: AnyPath, files: dict[str, str]) -> None:
    """Removes what an earlier plan of another number of shards left behind."""
    names = (below(path, folder) for path in files_in(folder))
    remove(folder / name for name in names if name.parts[0] not in (WORK, 'plan') and name.as_posix() not in files)


def files_below(folder: str | AnyPath, *tops: str) -> dict[str, str]:
    """SHA-256 of every file under some of a folder's entries, by path below the folder."""
    places = [located(folder, top) for top in tops]
    found = [path for place in places for path in ([place] if place.is_file() else files_in(place))]
    return {below(path, located(folder)).as_posix(): digest(path) for path in found}
