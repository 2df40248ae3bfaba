"""What `label` and `build` share: from inputs to a finished snapshot, around the pipeline of each."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ..configs.schema import Crop, PhotoConfig
from ..models.package import sha256
from ..transforms.carry import Carry
from ..transforms.extract_faces import WholeImages
from ..transforms.parts import SNAPSHOT, UNSETTLED, WORK, unsettled_path, write_json
from ..transforms.records import Entry
from ..transforms.write import Layout
from .inputs import Source, list_inputs
from .plan import Plan, write_plans
from .previous import earlier
from .recipe import Recipe
from .runners import Run
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
        return [f'{source.name}={os.path.abspath(source.given)}' for source in self.sources]

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


def output(out: str) -> Output:
    """The output folder of a name."""
    return Output(Path(os.path.abspath(out)))


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
    if not job.output.unsettled and job.output.is_finished(job.recipe, job.roots, job.run.overwrite):
        return False
    started = time.time()
    say_once()
    with Surroundings(f'output {str(job.output.out)!r}: '), job.output.held() as settled:
        if job.output.is_finished(job.recipe, job.roots, job.run.overwrite, settled):
            return False
        with earlier(job.run, job.recipe) as carry:
            job.output.begin(job.recipe, job.roots, job.run.overwrite)
            plan = write_plans(inputs_of(job), job.config, str(job.output.partial))
            more = body(replace(job, carry=carry), plan)
            _finish(job, plan, more, started)
    return True


def inputs_of(job: Job) -> Iterator[Entry]:
    """All inputs, also those that --include, --exclude and --limit leave out; the output is none."""
    return list_inputs(job.sources, job.config, [str(job.output.partial), str(job.output.out)])


def outcome(job: Job, made: bool) -> Outcome:
    """What the finished snapshot says."""
    snapshot = json.loads((job.output.out / SNAPSHOT).read_text())
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
    job.output.complete(snapshot, _run_facts(job, started) | {'tried_again': sorted(totals.doubtful)})


def _unsettled(plan: Plan) -> list[str]:
    """Uris of inputs that changed while they were read."""
    said = (unsettled_path(plan.folder, shard) for shard in range(plan.shards))
    return sorted(uri for path in said if path.is_file() for uri in json.loads(path.read_text())['uris'])


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


def _remove_leftovers(folder: Path, files: dict[str, str]) -> None:
    """Removes what an earlier plan of another number of shards left behind."""
    kept = {folder / name for name in files}
    for path in folder.rglob('*'):
        below = path.relative_to(folder).parts
        if path.is_file() and below[0] not in (WORK, 'plan') and path not in kept:
            path.unlink()


def files_below(folder: str | Path, *tops: str) -> dict[str, str]:
    """SHA-256 of every file under some of a folder's entries, by path below the folder."""
    found = [path for top in tops for path in [Path(folder, top), *Path(folder, top).rglob('*')] if path.is_file()]
    return {path.relative_to(folder).as_posix(): sha256(path) for path in found}
