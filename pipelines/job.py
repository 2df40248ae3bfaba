"""What `label` and `build` share: from inputs to a finished snapshot, around the pipeline of each."""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apache_beam as beam
from apache_beam.pvalue import PCollection

from ..configs.errors import JobFailed
from ..configs.schema import Crop, PhotoConfig
from ..models.package import sha256
from ..transforms.detect import weights_path
from ..transforms.extract import ExtractFaces, Extraction
from ..transforms.parts import WORK, Marker
from ..transforms.read import ReadImages
from ..transforms.records import ExtractedImage
from ..transforms.write import Layout, close_shard, open_shard
from .inputs import Source, sources
from .plan import Plan, cut, write_plans
from .progress import shown
from .recipe import Recipe
from .runners import Run, pipeline_options
from .snapshot import SNAPSHOT, Output

CEILING_FROM = 20  # inputs that claim an image, from which on the failure ceiling counts


@dataclass(frozen=True)
class Job:
    """A pipeline job.

    Attributes:
        sources: the INPUTs.
        crop: how faces are cut.
    """

    recipe: Recipe
    config: PhotoConfig
    sources: list[Source]
    crop: Crop
    output: Output
    run: Run

    @property
    def roots(self) -> list[str]:
        return [f'{source.name}={os.path.abspath(source.given)}' for source in self.sources]

    def layout(self, plan: Plan, schemas: dict[str, Any]) -> Layout:
        return Layout(plan.folder, plan.shards, {name: self.recipe.stamped(schema) for name, schema in schemas.items()})


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


def prepare(recipe: Recipe, config: PhotoConfig, inputs: list[str], crop: Crop, out: str, run: Run) -> Job:
    """A job with its INPUTs told apart."""
    return Job(recipe, config, sources(inputs), crop, Output(Path(os.path.abspath(out))), run)


def carry_out(job: Job, body: Callable[[Job, Plan], dict[str, str]]) -> bool:
    """Runs a job to its finished snapshot, or finds it there.

    Args:
        body: does what there is to do under the plan; gives SHA-256 by path of what it wrote beyond the shards' parts.
    Returns:
        Whether the snapshot was made by this call.
    Raises:
        UsageError: the call is wrong.
        JobFailed: too many photos failed; finished shards are kept.
    """
    if job.output.is_finished(job.recipe, job.roots, job.run.overwrite):
        return False
    started = time.time()
    shards = cut(job.sources, job.config, [str(job.output.partial), str(job.output.out)])
    with job.output.held():
        job.output.begin(job.recipe, job.roots, job.run.overwrite)
        plan = write_plans(shards, str(job.output.partial))
        more = body(job, plan)
        _finish(job, plan, more, started)
    return True


def outcome(job: Job, made: bool) -> Outcome:
    """What the finished snapshot says."""
    snapshot = json.loads((job.output.out / SNAPSHOT).read_text())
    return Outcome(str(job.output.out), made, snapshot['counts'], snapshot['statuses'], snapshot['tallies'])


def run_shards(job: Job, plan: Plan, layout: Layout, stages: Callable[[PCollection[ExtractedImage]], PCollection[Marker]]) -> None:
    """Runs the shards that are not done through read, extract and the job's own stages."""
    for shard in plan.empty:
        close_shard(layout, shard, open_shard(layout, shard).rows)
    pending = sorted(set(range(plan.shards)) - plan.markers().keys())
    if not pending:
        return
    with shown(plan), beam.Pipeline(options=pipeline_options(job.run)) as pipeline:
        stages(photos(pipeline, pending, job, plan))


def photos(pipeline: beam.Pipeline, shards: Iterable[int], job: Job, plan: Plan) -> PCollection[ExtractedImage]:
    """The shards' photos with their faces; the shard numbers are all that is reshuffled."""
    config = job.config
    weights = '' if config.whole_image else str(weights_path())
    how = Extraction(job.crop, weights, config.smallest_face, config.min_score, config.max_pixels, config.whole_image)
    return (
        pipeline
        | 'Shards' >> beam.Create(list(shards))
        | 'Spread' >> beam.Reshuffle()
        | 'ReadImages' >> ReadImages(plan.folder, plan.shards, config.max_bytes)
        | 'ExtractFaces' >> ExtractFaces(how)
    )


def check_ceiling(markers: Iterable[Marker], ceiling: float) -> None:
    """Raises JobFailed where too large a share of what claims to be an image failed."""
    markers = list(markers)
    claimed, failed = sum(marker.claimed for marker in markers), sum(marker.failed for marker in markers)
    if claimed >= CEILING_FROM and failed > ceiling * claimed:
        breakdown = ', '.join(f'{status} {number}' for status, number in sorted(add_up(marker.statuses for marker in markers).items()))
        raise JobFailed(
            f'{failed} of {claimed} photos failed, more than the ceiling of {ceiling:.0%} ({breakdown}); '
            'finished shards are kept: the same command with a higher --failure-ceiling only finishes'
        )


def add_up(counts: Iterable[dict[str, int]]) -> dict[str, int]:
    """The sum of counts by name."""
    total: Counter[str] = Counter()
    for some in counts:
        total.update(some)
    return dict(sorted(total.items()))


def add_tallies(markers: Iterable[Marker]) -> dict[str, dict[str, int]]:
    """The sum of all shards' tallies."""
    markers = list(markers)
    subjects = {subject: None for marker in markers for subject in marker.tallies}
    return {subject: add_up(marker.tallies.get(subject, {}) for marker in markers) for subject in subjects}


def _finish(job: Job, plan: Plan, more: dict[str, str], started: float) -> None:
    """Counts must add up before anything is called complete."""
    markers = plan.markers()
    missing = sorted(set(range(plan.shards)) - markers.keys())
    rows = add_up(marker.rows for marker in markers.values())
    if missing or rows['images'] != plan.inputs:
        raise RuntimeError(f'{rows.get("images", 0)} of {plan.inputs} images written, shards not done: {missing}')
    check_ceiling(markers.values(), job.config.failure_ceiling)
    files = more | {name: digest for marker in markers.values() for name, digest in marker.files.items()}
    _remove_leftovers(job.output.partial, files)
    counted = {'counts': rows, 'statuses': add_up(marker.statuses for marker in markers.values()), 'tallies': add_tallies(markers.values())}
    snapshot = job.recipe.as_dict() | counted | {'shards': plan.shards, 'files': files}
    job.output.complete(snapshot, _run_facts(job, started))


def _run_facts(job: Job, started: float) -> dict[str, Any]:
    return {
        'inputs': job.roots,
        'runner': job.run.runner,
        'workers': job.run.workers,
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
