"""mien build: labelled photos to records of `tf.train.Example`s, and a row with its reason for everything that became none."""

from __future__ import annotations

import gc
from collections.abc import Sequence

from apache_beam.pvalue import PCollection

from ..configs.errors import JobFailed
from ..configs.schema import SPLITS, BuildConfig, Crop, SourceConfig
from ..models.quiet import stderr_kept
from ..storage.either import last_name
from ..storage.path import located
from ..transforms.decide import Policy
from ..transforms.example_tables import DUPLICATES, EXAMPLES, REJECTS
from ..transforms.extract_faces import WholeImages
from ..transforms.gates import Gates
from ..transforms.judge import Judge
from ..transforms.parts import Marker, digest, read_part
from ..transforms.reasons import MISFITS, Reason
from ..transforms.records import ExtractedImage, Rows
from ..transforms.splits import VALIDATION, SplitRules
from ..transforms.tables import FACES, IMAGES, face_rows, image_row
from ..transforms.verdict import LabelRules
from ..transforms.write import Layout, WriteShard
from ..transforms.write_examples import WriteExamples
from .build_config import check
from .collections import Collection, by_input, collections
from .folder_labels import labelling_names
from .inputs import sources
from .job import Job, More, Outcome, carry_out, inputs_of, outcome
from .labels_table import given_splits
from .match import check_labels, write_shard_labels
from .plan import Plan
from .recipe import Recipe, recipe
from .runners import Run
from .running import Spread, running
from .shards import run_shards
from .snapshot import output
from .taken_over import earlier_build
from .together import basis_of, counted, decide_together
from .totals import CEILING_FROM, add_up, check_ceiling

PHOTOS = {'images': IMAGES, 'faces': FACES}
EXAMPLES_OF_UNKNOWN = 3
JUDGED = {'examples': EXAMPLES, 'rejects': REJECTS, 'duplicates': DUPLICATES}


def build(inputs: list[str], out: str, config: BuildConfig, run: Run) -> Outcome:
    """Builds a dataset.

    Raises:
        UsageError: the call is wrong.
        JobFailed: too many photos failed, too many labels and photos do not fit together, or no example is left.
    """
    named = sources(inputs)
    some = collections(config, named)
    check(config, some)
    check_labels(some)
    crop = Crop(config.crop_template, config.crop_scale, config.crop_size, config.crop_channels)
    job = Job(build_recipe(config, some, crop), config, named, crop, whole_images(some), output(out), run)

    def body(job: Job, plan: Plan) -> More:
        def extract() -> None:
            run_shards(job, plan, job.layout(plan, PHOTOS), stages)
            check_ceiling(add_up(plan.done()), config.failure_ceiling)

        if (earlier := earlier_build(job)) is not None:
            extract()
            if not earlier.differs(plan):
                return earlier.taken_over(plan)
        # A label of an input that was left out is no mistake.
        write_shard_labels(plan, some, inputs_of(job) if config.include or config.exclude or config.limit else None)
        extract()
        return write_dataset(job, plan, config, some)

    return outcome(job, carry_out(job, body))


def stages(images: PCollection[ExtractedImage], layout: Layout) -> PCollection[Marker]:
    """Photos with their faces to finished shards; crops are kept for what follows, and for the next night."""
    return images | 'WriteShard' >> WriteShard(layout, photo_rows)


def photo_rows(photo: ExtractedImage) -> Rows:
    """A photo's rows of `images` and `faces`, as an earlier run made them, where they stay."""
    return photo.rows or {'images': [image_row(photo)], 'faces': face_rows(photo, crops=True)}


def write_dataset(job: Job, plan: Plan, config: BuildConfig, some: Sequence[Collection]) -> More:
    """Decides about all faces, writes examples and, in TensorFlow's formats, records."""
    basis = basis_of(plan)
    judge = Judge(plan.folder, plan.shards, {name: policy(config, one) for name, one in by_input(some).items()})
    judge = decide_together(job, plan, config, judge, basis)
    write_examples(job, plan, judge, basis)
    check_examples(plan, config, basis)
    with stderr_kept():
        from .dataset import write_records  # TensorFlow's seven seconds, for those who come so far

        gc.freeze()  # as in `cli`
        return write_records(job, plan, config, some, basis, counted(judge))


def write_examples(job: Job, plan: Plan, judge: Judge, basis: str) -> None:
    """Runs the shards to parts of examples, rejects and duplicates."""
    done = {marker.shard for marker in plan.judged(basis)}
    layout = job.layout(plan, JUDGED)
    with running(job, 'examples') as pipeline:
        (
            pipeline
            | 'Shards' >> Spread(sorted(set(range(plan.shards)) - done), job.run)
            | 'WriteExamples' >> WriteExamples(layout, judge, basis)
        )


def build_recipe(config: BuildConfig, some: Sequence[Collection], crop: Crop) -> Recipe:
    """What identifies a build: of labels files their content, of folders that are labels the names of the topmost."""
    labels = {f'labels.{one.name}': _labels_digest(one) for one in some}
    return recipe('build', config, labels | {'crop': str(crop)}, detects=not all(one.config.whole_image for one in some))


def _labels_digest(collection: Collection) -> str:
    if collection.labels:
        return ' '.join(sorted(f'{last_name(path)}:{digest(located(path))}' for path in collection.labels))  # rejects name the file
    return 'folders of ' + ', '.join(sorted(labelling_names(one.given) for one in collection.inputs))


def whole_images(some: Sequence[Collection]) -> WholeImages:
    """Which photos are faces already."""
    return WholeImages({name: one.config.whole_image for name, one in by_input(some).items()})


def label_rules(config: BuildConfig, own: SourceConfig) -> LabelRules:
    """How the labels of a source are read."""
    return LabelRules(
        classes=config.classes,
        renamed=own.label_map,
        votes=tuple(own.votes),
        margin=config.vote_margin,
        share=config.vote_share,
        floor=config.vote_floor,
        minimum_votes=config.minimum_votes,
        soft=config.vote_policy == 'soft',
    )


def policy(config: BuildConfig, collection: Collection) -> Policy:
    """What decides about a collection; where its labels give a validation split, none is cut from train."""
    own = collection.config
    given = own.split_column is not None and bool(collection.labels)
    gives_validation = given and VALIDATION in {own.split_map.get(split, split) for split in given_splits(collection)}
    splits = SplitRules(given, own.split_map, 0.0 if gives_validation else config.validation_share, config.test_share)
    labels = label_rules(config, own)
    gates = Gates(config.min_face_size, config.min_sharpness, config.max_yaw, config.max_roll, config.min_detection_score)
    return Policy(collection.name, labels, splits, gates, own.weight)


def check_examples(plan: Plan, config: BuildConfig, basis: str) -> None:
    """Raises JobFailed where there is nothing to make records of, or too much does not fit together."""
    totals = add_up(plan.judged(basis))
    tallies = totals.sorted_tallies()
    reasons = ', '.join(f'{reason} {number}' for reason, number in tallies['rejects'].items())
    if not any(tallies[split] for split in SPLITS):
        raise JobFailed(
            f'no example is left of {plan.inputs} photos ({reasons}{_unknown(plan)}); '
            'see what labels and photos are called, and the classes'
        )
    judged = totals.rows['examples'] + totals.rows['rejects']
    misfits = sum(number for reason, number in tallies['rejects'].items() if reason in MISFITS)
    if judged >= CEILING_FROM and misfits > config.reject_ceiling * judged:
        raise JobFailed(
            f'{misfits} of {judged} labels and photos do not fit together, more than the ceiling of {config.reject_ceiling:.0%} '
            f'({reasons}{_unknown(plan)}); finished shards are kept: the same command with a higher --reject-ceiling only finishes'
        )


def _unknown(plan: Plan) -> str:
    """What labels and splits are not known, a few of them, and where a config says what they mean."""
    rows = (
        row
        for shard in range(plan.shards)
        for row in read_part(plan.folder, 'rejects', shard, plan.shards, ['reason', 'detail']).to_pylist()
    )
    details = dict.fromkeys(row['detail'] for row in rows if row['reason'] in (Reason.UNKNOWN_LABEL, Reason.UNKNOWN_SPLIT))
    some = ', '.join(list(details)[:EXAMPLES_OF_UNKNOWN])
    return f': {some}; say what they mean by label_map and split_map in a config' if some else ''
