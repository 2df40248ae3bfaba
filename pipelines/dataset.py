"""The last part of a build: finished example parts to record files, the training split's statistics, and what readers need.

Imports TensorFlow.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import apache_beam as beam

from ..configs.schema import SPLITS, BuildConfig, Crop
from ..storage.either import below, files_in
from ..storage.files import remove_tree
from ..storage.path import AnyPath, located
from ..transforms.parts import write_whole
from ..transforms.preprocess import AnalyzeExamples, CropSums, tidy
from ..transforms.record_files import RecordFile, record_files
from ..transforms.splits import TRAIN
from ..transforms.stable_graph import stabilise
from ..transforms.tfrecords import WriteRecords, read_digest, read_sums
from .collections import Collection
from .contact_sheets import write_sheets
from .croissant import write_croissant
from .dataset_card import write_card
from .dataset_facts import DatasetFacts, SourceFacts
from .job import Job, More, files_below
from .plan import Plan
from .runners import Run, pipeline_options
from .running import Spread, running
from .tfds_files import write_tfds_files
from .totals import Totals, add_up

ANALYSIS = ('transform_fn', 'transformed_metadata')


def write_records(
    job: Job, plan: Plan, config: BuildConfig, some: Sequence[Collection], basis: str, duplicates: Mapping[str, Mapping[str, int]]
) -> More:
    """Writes all that a dataset has beyond its tables.

    Without a training example there is nothing to analyse, and no `transform_fn`.
    """
    files = record_files(config.name, {marker.shard: marker for marker in plan.judged(basis)}, config.record_bytes)
    _write(job, plan, config, files)
    _analyse(plan, [file for file in files if file.split == TRAIN], config.classes, job.crop)
    totals = add_up(plan.judged(basis))
    described = _describe(_facts(plan, config, some, add_up(plan.done()), totals, files, duplicates), totals.files)
    written = files_below(plan.folder, *ANALYSIS, *described) | {file.name: read_digest(plan.folder, file) for file in files}
    return More(totals.files | written, dict(totals.rows), totals.sorted_tallies(), {'duplicates': duplicates})


def _write(job: Job, plan: Plan, config: BuildConfig, files: Sequence[RecordFile]) -> None:
    with running(job, 'records') as pipeline:
        pipeline | 'Files' >> Spread(files, job.run) | 'WriteRecords' >> WriteRecords(plan.folder, plan.shards, TRAIN, config.compression)


def _analyse(plan: Plan, files: Sequence[RecordFile], classes: tuple[str, ...], crop: Crop) -> None:
    """Writes what Analyze makes of the training split's sums, on this machine: it wants a folder that all workers share."""
    for name in ANALYSIS:
        remove_tree(located(plan.folder, name))
    if not files:
        return
    with TemporaryDirectory(prefix='mien-') as folder:
        with beam.Pipeline(options=pipeline_options(Run())) as pipeline:
            read = beam.FlatMap(partial(read_sums, plan.folder)).with_output_types(CropSums)
            pipeline | 'Files' >> beam.Create(files) | 'ReadSums' >> read | 'AnalyzeExamples' >> AnalyzeExamples(classes, crop, folder)
        tidy(folder)
        stabilise(Path(folder, ANALYSIS[0]))
        for path in files_in(Path(folder)):
            _put(path.read_bytes(), located(plan.folder, below(path, Path(folder))))


def _put(data: bytes, path: AnyPath) -> None:
    write_whole(path, lambda file: file.write(data))


def _describe(facts: DatasetFacts, digests: Mapping[str, str]) -> list[str]:
    """Writes what TFDS, Croissant and a person want to know; gives the files' names."""
    sheets = write_sheets(facts)
    examples = {name: digest for name, digest in digests.items() if name.startswith('examples/')}
    return [
        *write_tfds_files(facts.folder, facts.config, facts.files),
        write_croissant(facts, examples),
        write_card(facts, sheets),
        *sheets,
    ]


def _facts(
    plan: Plan,
    config: BuildConfig,
    some: Sequence[Collection],
    photos: Totals,
    judged: Totals,
    files: Sequence[RecordFile],
    duplicates: Mapping[str, Mapping[str, int]],
) -> DatasetFacts:
    tallies = judged.sorted_tallies()
    return DatasetFacts(
        folder=plan.folder,
        config=config,
        shards=plan.shards,
        photos=photos.rows['images'],
        faces=photos.rows['faces'],
        counts={split: {name: tallies[split].get(name, 0) for name in config.classes} for split in SPLITS},
        rejects=tallies['rejects'],
        sources=tuple(
            SourceFacts(
                one.name,
                one.config.licence,
                one.config.weight,
                tallies['examples_of'].get(one.name, 0),
                tallies['rejects_of'].get(one.name, 0),
            )
            for one in some
        ),
        duplicates=duplicates,
        files=tuple(files),
    )
