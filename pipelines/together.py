"""What can only be decided about all examples together: subjects and duplicates in several splits, duplicates, balance.

Each step looks at the faces that the ones before have left, and writes what it found beside the shards. Hashes and labels alone are
grouped, never pixels.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

import apache_beam as beam
from apache_beam.pvalue import PCollection

from ..configs.schema import BuildConfig
from ..storage.path import located
from ..transforms.balance import FindLastPlaces
from ..transforms.duplicates.count import CountGroups
from ..transforms.duplicates.find import FindCrossingPhotos, FindCrossingSubjects, FindGroups
from ..transforms.duplicates.groups import rule, statistics
from ..transforms.duplicates.records import Ruling
from ..transforms.judge import Judge
from ..transforms.judged_faces import HashFaces, JudgeFaces
from ..transforms.label_file import labels_digest
from ..transforms.parts import WORK, read_json, write_json
from ..transforms.settled_files import InOnePlace, Step, WriteRulings, forget, read_said, write_balance, write_counts, write_crossing
from .job import Job
from .plan import Plan
from .running import Spread, running

BASIS = 'basis.json'
Decide = Callable[[PCollection[int], Judge], object]


def basis_of(plan: Plan) -> str:
    """SHA-256 of all that examples follow from, but for the recipe: finished parts and the shards' labels."""
    basis = hashlib.sha256()
    for marker in plan.done():
        said = [marker.files, labels_digest(plan.folder, marker.shard, plan.shards)]
        basis.update(json.dumps(said, sort_keys=True).encode())
    return basis.hexdigest()


def decide_together(job: Job, plan: Plan, config: BuildConfig, judge: Judge, basis: str) -> Judge:
    """Takes the steps that the config asks for, unless they were taken on the same basis; gives a judge that knows what they found."""
    said, steps = located(plan.folder, WORK, BASIS), _steps(config)
    if read_json(said) != {'basis': basis}:
        said.unlink(missing_ok=True)
        forget(plan.folder)
        for step, decide in steps.items():
            with running(job, step) as pipeline:
                decide(pipeline | 'Shards' >> Spread(range(plan.shards), job.run), judge)
            judge = replace(judge, settled=judge.settled | {step})
        write_json(said, {'basis': basis})
    _say_aloud(counted(judge), config)
    return replace(judge, settled=frozenset(steps))


def counted(judge: Judge) -> dict[str, Mapping[str, int]]:
    """How many groups of duplicates were found, see `groups.statistics`."""
    found = read_said(judge.folder, Step.GROUPS)
    return {kind: {name: found.get(kind, {}).get(name, 0) for name in names} for kind, names in statistics([]).items()}


def _steps(config: BuildConfig) -> dict[Step, Decide]:
    sources = [config.source(name) for name in ('', *config.sources)]
    subjects = any(one.subject_column for one in sources) and any(one.split_column for one in sources)  # else their hash is their split
    both = len({one.whole_image for one in sources}) > 1
    asked = {
        Step.SUBJECTS: _cross_subjects if subjects else None,
        Step.GROUPS: partial(_group, config=config),
        Step.PHOTOS: _cross_photos if both else None,
        Step.BALANCE: partial(_balance, per_class=config.per_class) if config.per_class else None,
    }
    return {step: decide for step, decide in asked.items() if decide is not None}


def _say_aloud(counts: Mapping[str, Mapping[str, int]], config: BuildConfig) -> None:
    """What a person must know of groups that could not be taken for one picture."""
    large, crowded = counts['too_large'], counts['crowded']
    if large['groups']:
        print(
            f'mien: {large["groups"]} groups of more than {config.largest_group} different faces, {large["faces"]} in all, seem to be one '
            'picture each; these are too many, and none is taken for a duplicate but for those of identical pixels; lower '
            '--duplicate-bits or --duplicate-difference, or raise --largest-group',
            file=sys.stderr,
        )
    if crowded['buckets']:
        print(
            f'mien: the hashes of {crowded["faces"]} faces agree with so many others that they were compared with some of them only; '
            'duplicates among them may remain; lower --duplicate-bits',
            file=sys.stderr,
        )


def _cross_subjects(shards: PCollection[int], judge: Judge) -> None:
    write = InOnePlace(partial(write_crossing, judge.folder, Step.SUBJECTS))
    shards | 'JudgeFaces' >> JudgeFaces(judge) | 'FindCrossingSubjects' >> FindCrossingSubjects() | 'WriteSubjects' >> write


def _cross_photos(shards: PCollection[int], judge: Judge) -> None:
    write = InOnePlace(partial(write_crossing, judge.folder, Step.PHOTOS))
    faces = shards | 'JudgeFaces' >> JudgeFaces(judge, grouped=True)
    faces | 'FindCrossingPhotos' >> FindCrossingPhotos() | 'WritePhotos' >> write


def _group(shards: PCollection[int], judge: Judge, config: BuildConfig) -> None:
    find = FindGroups(judge.folder, config.duplicate_bits, config.duplicate_difference, config.largest_group)
    found = shards | 'HashFaces' >> HashFaces(judge) | 'FindGroups' >> find
    rulings = found.groups | 'Rule' >> beam.FlatMap(rule, keep_all=config.duplicates == 'all').with_output_types(Ruling)
    rulings | 'WriteRulings' >> WriteRulings(judge.folder, judge.shards)
    found | 'Count' >> CountGroups() | 'WriteCounts' >> InOnePlace(partial(write_counts, judge.folder))


def _balance(shards: PCollection[int], judge: Judge, per_class: int) -> None:
    write = InOnePlace(partial(write_balance, judge.folder))
    shards | 'JudgeFaces' >> JudgeFaces(judge) | 'FindLastPlaces' >> FindLastPlaces(per_class) | 'WriteBalance' >> write
