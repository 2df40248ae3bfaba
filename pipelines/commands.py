"""What each command does with its arguments. Heavy imports stand inside, so that the others need not wait for them.

What the jobs import stays for good, and is no garbage that has to be looked through again and again: hence `gc.freeze`.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import json
import os
import shlex
import sys
from collections.abc import Callable
from contextlib import ExitStack, nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from ..configs.schema import BuildConfig, CompareConfig, LabelConfig, TrainConfig
from .answers import report, tell
from .options import read_config

if TYPE_CHECKING:
    from .runners import Run

DONE, FOUND = 0, 3


def _label(said: argparse.Namespace) -> None:
    config, run = read_config(LabelConfig, 'label', said), _run(said)
    from .label import label

    gc.freeze()
    report(label(said.inputs, said.out, config, run), said.json)


def _build(said: argparse.Namespace) -> None:
    config, run = read_config(BuildConfig, 'build', said), _run(said)
    from .build import build

    gc.freeze()
    report(build(said.inputs, said.out, config, run), said.json)


def _train(said: argparse.Namespace) -> None:
    config = read_config(TrainConfig, 'train', said)
    from ..models.training.cluster import cluster_of
    from .lock import writing_beside

    cluster = cluster_of(os.environ)
    alone = writing_beside(Path(said.out)) if cluster is None or cluster.index == 0 else nullcontext()  # the other workers write nothing
    with alone, _held(*said.datasets, *config.measure_on):
        _import_tensorflow()
        from ..models.training.train import train

        train(said.datasets, said.out, config, shlex.join(['mien', *sys.argv[1:]]))


def _compare(said: argparse.Namespace) -> None:
    config, out = read_config(CompareConfig, 'compare', said), Path(said.out)
    from ..models.compare.compare import compare, prepared
    from .lock import writing_beside

    plan = prepared(said.datasets, out, config)
    with writing_beside(out), _held(*said.datasets, *filter(None, [config.test])):
        done = compare(plan, out, config, tell)
    for row in done.failures:
        print(f'mien: warning: run {row.id} failed: {row.reason}', file=sys.stderr)
    if done.choice is not None:
        tell(f'best: {done.choice.row.id}, {done.choice.row.model}\n{out / "best"} holds it, {out / "comparison.md"} the table')


def _evaluate(said: argparse.Namespace) -> None:
    _import_tensorflow()
    from ..models.evaluation.evaluate import evaluate

    with _held(said.dataset):
        tell(evaluate(said.model, said.dataset, said.split, said.out).text)


def _verify(said: argparse.Namespace) -> int:
    from .verify import verify

    result = verify(said.snapshot)
    tell(json.dumps(asdict(result)) if said.json else result.text)
    return FOUND if result.findings else DONE


def _diff(said: argparse.Namespace) -> int:
    from .diff import Limits, diff
    from .diff_text import text

    found = diff(said.old, said.new, Limits(said.max_drift, said.max_changed))
    tell(json.dumps(asdict(found)) if said.json else text(found))
    return FOUND if found.exceeded else DONE


def _prune(said: argparse.Namespace) -> None:
    from .prune import prune

    for line in prune(said.folder, said.keep, said.dry_run):
        tell(line)


def _models(said: argparse.Namespace) -> None:
    from .models import listing

    tell(listing())


def _demo(said: argparse.Namespace) -> None:
    from .demo import demo

    demo(said.out)


def _held(*datasets: str) -> ExitStack:
    """Holds datasets against `mien prune`; what is none is left to the one who opens it."""
    from ..storage.check import check
    from ..storage.path import located
    from .place import is_complete
    from .snapshot import reading

    held = ExitStack()
    for folder in datasets:
        check(folder)
        if is_complete(located(folder)):
            held.enter_context(reading(located(folder)))
    return held


def _import_tensorflow() -> None:
    """Imports TensorFlow, and lets it look for devices, without the lines that it logs on the way; shows them where it fails."""
    from ..models.quiet import stderr_kept

    os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '2')  # errors; it heeds this once it has started
    with stderr_kept():
        importlib.import_module('tensorflow').config.list_physical_devices()


def _run(said: argparse.Namespace) -> Run:
    from .runners import Run

    retry = tuple(filter(None, said.retry.split(',')))
    return Run(said.runner, said.workers, tuple(said.beam), said.overwrite, said.previous, retry, said.paranoid)


COMMANDS: dict[str, Callable[[argparse.Namespace], int | None]] = {  # each gives the exit status, None for done
    'label': _label,
    'build': _build,
    'train': _train,
    'evaluate': _evaluate,
    'compare': _compare,
    'verify': _verify,
    'prune': _prune,
    'diff': _diff,
    'models': _models,
    'demo': _demo,
}
