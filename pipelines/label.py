"""mien label: photos to a row per photo, a row per face and a label per face."""

from __future__ import annotations

from apache_beam.pvalue import PCollection

from ..configs.schema import LabelConfig
from ..models.package import find
from ..transforms.label import LabelFaces, LabelRows
from ..transforms.parts import Marker
from ..transforms.records import ExtractedImage
from ..transforms.tables import FACES, IMAGES, LABELS
from ..transforms.write import Layout, WriteShard
from .job import Job, Outcome, carry_out, outcome, prepare
from .plan import Plan
from .recipe import recipe
from .runners import Run
from .shards import run_shards

TABLES = {'images': IMAGES, 'faces': FACES, 'labels': LABELS}


def label(inputs: list[str], out: str, config: LabelConfig, run: Run) -> Outcome:
    """Labels every face of every photo.

    Raises:
        UsageError: the call is wrong.
        JobFailed: too many photos failed.
    """
    package = find(config.model)
    job = prepare(recipe('label', config, {'model': package.id, 'crop': str(package.crop)}), config, inputs, package.crop, out, run)

    def stages(images: PCollection[ExtractedImage], layout: Layout) -> PCollection[Marker]:
        rows = LabelRows(package.id, package.classes, package.abstain_below, config.crops)
        return images | 'LabelFaces' >> LabelFaces(package) | 'WriteShard' >> WriteShard(layout, rows)

    def body(job: Job, plan: Plan) -> dict[str, str]:
        run_shards(job, plan, job.layout(plan, TABLES), stages)
        return {}

    return outcome(job, carry_out(job, body))
