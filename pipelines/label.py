"""mien label: photos to a row per photo, a row per face and a label per face."""

from __future__ import annotations

from apache_beam.pvalue import PCollection

from ..configs.schema import LabelConfig
from ..models.package import find
from ..transforms.label import LabelFaces, LabelRows
from ..transforms.parts import Marker
from ..transforms.records import ExtractedImage
from ..transforms.tables import FACES, IMAGES, LABELS
from ..transforms.write import WriteShard
from .job import Job, Outcome, carry_out, outcome, prepare, run_shards
from .plan import Plan
from .recipe import recipe
from .runners import Run

TABLES = {'images': IMAGES, 'faces': FACES, 'labels': LABELS}


def label(inputs: list[str], out: str, config: LabelConfig, run: Run) -> Outcome:
    """Labels every face of every photo.

    Raises:
        UsageError: the call is wrong.
        JobFailed: too many photos failed.
    """
    package = find(config.model)
    job = prepare(recipe('label', config, {'model': package.id}), config, inputs, package.crop, out, run)

    def body(job: Job, plan: Plan) -> dict[str, str]:
        layout = job.layout(plan, TABLES)
        rows = LabelRows(package.id, package.classes, package.abstain_below, config.crops)

        def stages(images: PCollection[ExtractedImage]) -> PCollection[Marker]:
            return images | 'LabelFaces' >> LabelFaces(package) | 'WriteShard' >> WriteShard(layout, rows)

        run_shards(job, plan, layout, stages)
        return {}

    return outcome(job, carry_out(job, body))
