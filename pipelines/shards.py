"""Runs the shards of a plan: what an earlier run leaves, the pipeline over the rest, and second tries."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import apache_beam as beam
from apache_beam.pvalue import PCollection

from ..configs.schema import PhotoConfig
from ..storage.files import remove
from ..transforms.carry import Carry, Compare
from ..transforms.extract import Extraction
from ..transforms.extract_faces import ExtractFaces
from ..transforms.isolate import AT_ONCE, Limits
from ..transforms.parts import Marker, marker_path
from ..transforms.plan_file import read_plan
from ..transforms.read_images import ReadImages
from ..transforms.records import DOUBTFUL, ExtractedImage, Rows
from ..transforms.take_over import TakeOver
from ..transforms.write import Layout
from .job import Job
from .plan import Plan
from .progress import shown
from .running import Spread, running

PIXEL_BYTES = 9  # of memory for a pixel: 8-bit RGBA and what is made of it, or the coefficients of a progressive CMYK JPEG
SPARE_MEMORY = 128 << 20

Stages = Callable[[PCollection[ExtractedImage], Layout], PCollection[Marker]]


@dataclass(frozen=True)
class CarriedRows:
    """The rows that a shard has from an earlier run."""

    carry: Carry
    folder: str
    shards: int

    def __call__(self, shard: int) -> Rows:
        return self.carry.sort(read_plan(self.folder, shard, self.shards), shard, self.shards).rows


def run_shards(job: Job, plan: Plan, layout: Layout, stages: Stages) -> None:
    """Runs the shards that are not done; then photos that a limit or a crash decided once more, alone.

    Args:
        stages: from photos with their faces to finished shards.
    """
    carry = job.carry and job.carry.into(tuple(layout.schemas), plan.shards)
    pending = plan.pending()
    remove(marker_path(plan.folder, shard) for shard in pending)  # of parts that are gone
    _run(job, plan, _carrying(layout, plan, carry), stages, pending, carry)
    doubtful = [marker.shard for marker in plan.done() if marker.doubtful and not marker.second]
    own = Carry(plan.folder, plan.shards, tuple(layout.schemas), frozenset(DOUBTFUL), Compare.NOTHING)
    alone = replace(job, run=replace(job.run, workers=1))
    _run(alone, plan, replace(_carrying(layout, plan, own), second=True), stages, doubtful, own)


def _carrying(layout: Layout, plan: Plan, carry: Carry | None) -> Layout:
    return layout if carry is None else replace(layout, first_rows=CarriedRows(carry, plan.folder, plan.shards))


def _run(job: Job, plan: Plan, layout: Layout, stages: Stages, shards: list[int], carry: Carry | None) -> None:
    if not shards:
        return
    with shown(plan), running(job, 'again' if layout.second else 'photos') as pipeline:
        stages(photos(pipeline, shards, job, layout, carry), layout)


def photos(pipeline: beam.Pipeline, shards: list[int], job: Job, layout: Layout, carry: Carry | None) -> PCollection[ExtractedImage]:
    """The shards' photos with their faces; the shard numbers are all that is reshuffled."""
    config = job.config
    how = Extraction(job.crop, config.smallest_face, config.min_score, config.max_pixels, whole_image=False)
    return (
        pipeline
        | 'Shards' >> Spread(shards, job.run)
        | 'TakeOver' >> TakeOver(layout, carry)
        | 'ReadImages' >> ReadImages(layout.folder, config.max_bytes)
        | 'ExtractFaces' >> ExtractFaces(how, job.whole, limits(config), 1 if layout.second else AT_ONCE)
    )


def limits(config: PhotoConfig) -> Limits:
    """What one photo may cost; an image of the most pixels fits, but for one of 16 bits and four channels."""
    return Limits(config.max_seconds, PIXEL_BYTES * config.max_pixels + config.max_bytes + SPARE_MEMORY)
