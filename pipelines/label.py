"""mien label: photos to a row per photo, a row per face and a label per face."""

from __future__ import annotations

from apache_beam.pvalue import PCollection

from ..configs.schema import LabelConfig
from ..models.package import ModelPackage, find
from ..models.predictor import Predictor
from ..storage.files import upload
from ..storage.path import StorePath, located
from ..transforms.extract_faces import WholeImages
from ..transforms.label import LabelFaces, LabelRows
from ..transforms.parts import WORK, Marker
from ..transforms.records import ExtractedImage
from ..transforms.tables import FACES, IMAGES, LABELS
from ..transforms.write import Layout, WriteShard
from .inputs import sources
from .job import Job, More, Outcome, carry_out, outcome
from .plan import Plan
from .recipe import recipe
from .runners import Run
from .shards import run_shards
from .snapshot import output

TABLES = {'images': IMAGES, 'faces': FACES, 'labels': LABELS}


def label(inputs: list[str], out: str, config: LabelConfig, run: Run) -> Outcome:
    """Labels every face of every photo.

    Raises:
        UsageError: the call is wrong.
        JobFailed: too many photos failed.
    """
    package = find(config.model)
    if run.runner == 'local':
        Predictor.loaded(package)
    made_by = recipe('label', config, {'model': package.id, 'crop': str(package.crop)}, detects=not config.whole_image)
    job = Job(made_by, config, sources(inputs), package.crop, WholeImages({'': config.whole_image}), output(out), run)

    def stages(images: PCollection[ExtractedImage], layout: Layout) -> PCollection[Marker]:
        rows = LabelRows(package.id, package.classes, package.abstain_below, config.crops)
        return images | 'LabelFaces' >> LabelFaces(package, _stored(package, layout)) | 'WriteShard' >> WriteShard(layout, rows)

    def body(job: Job, plan: Plan) -> More:
        run_shards(job, plan, job.layout(plan, TABLES), stages)
        return More()

    return outcome(job, carry_out(job, body))


def _stored(package: ModelPackage, layout: Layout) -> StorePath | None:
    """Puts a copy of the model beside an output that is in a store, for workers to read."""
    place = located(layout.folder, WORK, 'model', package.export)
    if not isinstance(place, StorePath):
        return None
    upload(package.export_path, place)
    return place
