"""mien build: labelled photos to records of `tf.train.Example`s, and a row with its reason for everything that became none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from apache_beam.pvalue import PCollection

from ..configs.errors import JobFailed
from ..configs.schema import SPLITS, BuildConfig, Crop
from ..models.package import sha256
from ..transforms.decide import Policy
from ..transforms.example_tables import EXAMPLES, REJECTS, BuildRows, UnmatchedRows, tally
from ..transforms.examples import DecideExamples, JoinLabels
from ..transforms.label_file import Label
from ..transforms.parts import WORK, Marker
from ..transforms.records import Entry, ExtractedImage
from ..transforms.splits import VALIDATION, SplitRules
from ..transforms.tables import FACES, IMAGES
from ..transforms.verdict import LabelRules
from ..transforms.write import Layout, WriteShard
from .build_config import check
from .job import Job, Outcome, carry_out, inputs_of, outcome, prepare
from .labels_table import read_labels_table
from .match import write_shard_labels
from .plan import Plan
from .quiet import stderr_kept
from .recipe import recipe
from .runners import Run
from .shards import run_shards
from .totals import add_up, check_ceiling

TABLES = {'images': IMAGES, 'faces': FACES, 'examples': EXAMPLES, 'rejects': REJECTS}


def build(inputs: list[str], out: str, config: BuildConfig, run: Run) -> Outcome:
    """Builds a dataset.

    Raises:
        UsageError: the call is wrong.
        JobFailed: too many photos failed, or no example is left.
    """
    check(config)
    labels = None if config.labels is None else list(read_labels_table(config.labels, config).labels(config))
    crop = Crop(config.crop_template, config.crop_scale, config.crop_size, config.crop_channels)
    digests = {'labels': sha256(config.labels)} if config.labels else {}
    job = prepare(recipe('build', config, digests), config, inputs, crop, out, run)

    def body(job: Job, plan: Plan) -> dict[str, str]:
        write_shard_labels(plan, labels, everything(job) if config.include or config.exclude or config.limit else None)
        write_examples(job, plan, config, policy(config, labels or []))
        check_examples(plan, config)
        with stderr_kept(Path(plan.folder, WORK, 'tensorflow.log')):
            from .dataset import write_dataset  # TensorFlow's seven seconds, for those who come so far

            return write_dataset(job, plan, config)

    return outcome(job, carry_out(job, body))


def everything(job: Job) -> list[Entry]:
    """All inputs, also those that are left out: a label of one of these is no mistake."""
    return list(inputs_of(job))


def write_examples(job: Job, plan: Plan, config: BuildConfig, policy: Policy) -> None:
    """Runs the shards to tables of images, faces, examples and rejects."""
    layout = replace(job.layout(plan, TABLES), first_rows=UnmatchedRows(plan.folder, plan.shards, config.name), tally=tally)
    rows = BuildRows(config.classes, config.name)

    def stages(images: PCollection[ExtractedImage], layout: Layout) -> PCollection[Marker]:
        return (
            images
            | 'JoinLabels' >> JoinLabels(plan.folder, plan.shards)
            | 'DecideExamples' >> DecideExamples(policy)
            | 'WriteShard' >> WriteShard(layout, rows)
        )

    run_shards(job, plan, layout, stages)


def policy(config: BuildConfig, labels: Sequence[Label]) -> Policy:
    """What a config decides; where the labels give a validation split, none is cut from train."""
    gives_validation = any(config.split_map.get(label.split, label.split) == VALIDATION for label in labels)
    share = 0.0 if gives_validation else config.validation_share
    splits = SplitRules(config.split_column is not None, config.split_map, share, config.test_share)
    return Policy(LabelRules(config.classes, config.label_map, tuple(config.votes)), splits)


def check_examples(plan: Plan, config: BuildConfig) -> None:
    """Raises JobFailed where there is nothing to make records of."""
    totals = add_up(plan.done())
    check_ceiling(totals, config.failure_ceiling)
    tallies = totals.sorted_tallies()
    if not any(tallies[split] for split in SPLITS):
        reasons = ', '.join(f'{reason} {number}' for reason, number in tallies['rejects'].items())
        raise JobFailed(f'no example is left of {plan.inputs} photos ({reasons}); see what labels and photos are called, and the classes')
