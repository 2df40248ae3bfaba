"""The second half of a build: finished example parts to record files, the training split's statistics, TFDS's files.

Imports TensorFlow.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import apache_beam as beam

from ..configs.schema import BuildConfig
from ..transforms.preprocess import AnalyzeExamples, tidy
from ..transforms.record_files import RecordFile, record_files
from ..transforms.splits import TRAIN
from ..transforms.stable_graph import stabilise
from ..transforms.tfrecords import WriteRecords
from .job import Job, files_below
from .plan import Plan
from .runners import pipeline_options
from .tfds_files import write_tfds_files

ANALYSIS = ('transform_fn', 'transformed_metadata')


def write_dataset(job: Job, plan: Plan, config: BuildConfig) -> dict[str, str]:
    """Writes all that a dataset has beyond its tables; gives SHA-256 by path.

    Without a training example there is nothing to analyse, and no `transform_fn`.
    """
    files = record_files(config.name, {marker.shard: marker for marker in plan.done()}, config.record_bytes)
    for name in ANALYSIS:
        shutil.rmtree(Path(plan.folder, name), ignore_errors=True)
    _run(job, plan, config, files)
    if any(file.split == TRAIN for file in files):
        tidy(plan.folder)
        stabilise(Path(plan.folder, ANALYSIS[0]))
    described = write_tfds_files(plan.folder, config, files)
    return files_below(plan.folder, *ANALYSIS, *described, *(file.name for file in files))


def _run(job: Job, plan: Plan, config: BuildConfig, files: Sequence[RecordFile]) -> None:
    with beam.Pipeline(options=pipeline_options(job.run)) as pipeline:
        sums = (
            pipeline
            | 'Files' >> beam.Create(files)
            | 'Spread' >> beam.Reshuffle()
            | 'WriteRecords' >> WriteRecords(plan.folder, plan.shards, TRAIN)
        )
        if any(file.split == TRAIN for file in files):
            sums | 'AnalyzeExamples' >> AnalyzeExamples(config.classes, job.crop, plan.folder)
