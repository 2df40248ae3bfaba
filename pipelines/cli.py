"""The command line. Heavy imports stand inside the commands: `mien --help` answers at once.

What the jobs import stays for good, and is no garbage that has to be looked through again and again: hence `gc.freeze`.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import json
import logging
import os
import shlex
import sys
import tempfile
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from ..configs.errors import JobFailed, UsageError
from ..configs.schema import BuildConfig, CompareConfig, LabelConfig, PhotoConfig, TrainConfig
from .options import add_options, read_config
from .signals import ending_at_once
from .surroundings import Surroundings

if TYPE_CHECKING:
    from .job import Outcome
    from .runners import Run

DONE, FAILED, WRONG_CALL, FOUND = 0, 1, 2, 3
Command = Callable[[argparse.Namespace], int | None]  # gives the exit status, None for done
GOING_ON = ('label', 'build', 'train', 'compare', 'demo')  # the same command goes on where it stopped


def main(argv: list[str] | None = None) -> int:
    """Runs one command; gives its exit status."""
    words = list(sys.argv[1:] if argv is None else argv)
    words, beam = (words[: words.index('--')], words[words.index('--') + 1 :]) if '--' in words else (words, [])
    said = _parser().parse_args(words, argparse.Namespace(beam=beam))
    logging.basicConfig(level=logging.ERROR)  # Beam warns of much that no user can change
    try:
        with ending_at_once(said.name in GOING_ON), Surroundings():
            return said.command(said) or DONE
    except UsageError as error:
        return _say(f'mien: {error}', WRONG_CALL)
    except JobFailed as error:
        return _say(f'mien: {error}', FAILED)


class _Parser(argparse.ArgumentParser):
    """One line and exit status 2 for a wrong call."""

    def error(self, message: str) -> NoReturn:
        raise SystemExit(_say(f'{self.prog}: {message}; see {self.prog} --help', WRONG_CALL))


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog='mien', description='Raw photos to tables of faces and expressions, training sets and models.')
    commands = parser.add_subparsers(dest='name', metavar='COMMAND', required=True)
    _pipeline_command(commands, 'label', LabelConfig, _label, 'photos to tables: a row per photo, per face, per label')
    _pipeline_command(commands, 'build', BuildConfig, _build, 'labelled photos to TFRecords for training')
    train = _command(commands, 'train', _train, 'a dataset of `mien build` to a model package')
    train.add_argument('dataset', metavar='DATASET')
    train.add_argument('--out', required=True, metavar='DIR', help='folder that becomes the package')
    add_options(train, TrainConfig)
    evaluate = _command(commands, 'evaluate', _evaluate, 'accuracy, confusions, calibration and slices of a model on a split')
    evaluate.add_argument('model', metavar='MODEL')
    evaluate.add_argument('dataset', metavar='DATASET')
    evaluate.add_argument('--split', default='test', metavar='SPLIT', help='train, validation or test (default)')
    evaluate.add_argument('--out', metavar='DIR', help='folder for the figures as JSON, confusion matrix and reliability diagram as PNG')
    compare = _command(commands, 'compare', _compare, 'trains and measures models, and says which is the best; one table of all')
    compare.add_argument('datasets', nargs='*', metavar='DATASET', help='folders that `mien build` wrote, to train on')
    compare.add_argument('--out', required=True, metavar='DIR', help='folder for the table, its plots, the packages, and the best of them')
    add_options(compare, CompareConfig)
    verify = _command(commands, 'verify', _verify, 'checks that a snapshot is as it was written; status 3 if not')
    verify.add_argument('snapshot', metavar='SNAPSHOT')
    verify.add_argument('--json', action='store_true', help='print the findings as one line of JSON')
    prune = _command(commands, 'prune', _prune, 'removes old snapshots of a folder that holds one a night')
    prune.add_argument('folder', metavar='FOLDER')
    prune.add_argument('--keep', type=int, required=True, metavar='N', help='how many of the last complete ones stay')
    prune.add_argument('--dry-run', action='store_true', help='say what would be removed, and remove nothing')
    diff = _command(commands, 'diff', _diff, 'what has changed between two snapshots of one kind; status 3 past a limit')
    diff.add_argument('old', metavar='OLD')
    diff.add_argument('new', metavar='NEW')
    drift = (
        "status 3 where the population stability index of the faces' classes (build: of the training split's) is more; default: any may be"
    )
    diff.add_argument('--max-drift', type=float, metavar='X', help=drift)
    changed = (
        "status 3 where a larger share of OLD's photos is gone, has another status, or has lost or changed a label; default: any may be"
    )
    diff.add_argument('--max-changed', type=float, metavar='X', help=changed)
    diff.add_argument('--json', action='store_true', help='print what has changed as one line of JSON')
    _command(commands, 'models', _models, 'installed model packages and known architectures')
    demo = _command(commands, 'demo', _demo, 'labels photos that installed packages carry, and shows what was found')
    demo.add_argument('--out', default='demo-out', metavar='DIR', help='folder for inputs, tables and contact sheet (default: demo-out)')
    return parser


def _command(commands: Any, name: str, run: Command, text: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + '.')
    parser.set_defaults(command=run)
    return parser


def _pipeline_command(commands: Any, name: str, schema: type[PhotoConfig], run: Command, text: str) -> argparse.ArgumentParser:
    parser = _command(commands, name, run, text)
    inputs = (
        'a folder, a photo, a tar (also .gz, .bz2, .xz), a zip, a Parquet file with a column of bytes, a list of files (.txt, .lst, .csv, '
        '.tsv or Parquet), or a glob of these; NAME=INPUT says what its uris begin with'
    )
    parser.add_argument('inputs', nargs='+', metavar='INPUT', help=inputs)
    parser.add_argument('--out', required=True, metavar='DIR', help='folder that becomes the snapshot')
    parser.add_argument('--runner', default='local', metavar='NAME', help='local (default)')
    parser.add_argument('--workers', type=int, default=1, metavar='N', help='local: threads that share the shards (default: 1)')
    parser.add_argument('--previous', metavar='DIR', help='an earlier snapshot: photos that have not changed are not opened again')
    parser.add_argument('--paranoid', action='store_true', help='with --previous: compare the bytes of photos instead of size and time')
    parser.add_argument('--retry', default='', metavar='A,B', help='with --previous: statuses that are tried again all the same')
    parser.add_argument('--overwrite', action='store_true', help="replace another run's output once this one is complete")
    parser.add_argument('--json', action='store_true', help='print the result as one line of JSON')
    parser.epilog = "Beam's own options follow after --."
    add_options(parser, schema)
    return parser


def _label(said: argparse.Namespace) -> None:
    config, run = read_config(LabelConfig, 'label', said), _run(said)
    from .label import label

    gc.freeze()
    _report(label(said.inputs, said.out, config, run), said.json)


def _build(said: argparse.Namespace) -> None:
    config, run = read_config(BuildConfig, 'build', said), _run(said)
    from .build import build

    gc.freeze()
    _report(build(said.inputs, said.out, config, run), said.json)


def _train(said: argparse.Namespace) -> None:
    config = read_config(TrainConfig, 'train', said)
    from ..models.training.cluster import cluster_of
    from .lock import writing_beside

    cluster = cluster_of(os.environ)
    with writing_beside(Path(said.out)) if cluster is None or cluster.index == 0 else nullcontext():  # the other workers write nothing
        _import_tensorflow()
        from ..models.training.train import train

        train(said.dataset, said.out, config, shlex.join(['mien', *sys.argv[1:]]))


def _compare(said: argparse.Namespace) -> None:
    config, out = read_config(CompareConfig, 'compare', said), Path(said.out)
    from ..models.compare.compare import compare, prepared
    from .lock import writing_beside

    plan = prepared(said.datasets, out, config)
    with writing_beside(out):
        done = compare(plan, out, config, _tell)
    for row in done.failures:
        _say(f'mien: warning: run {row.id} failed: {row.reason}', FAILED)
    if done.choice is not None:
        _tell(f'best: {done.choice.row.id}, {done.choice.row.model}\n{out / "best"} holds it, {out / "comparison.md"} the table')


def _evaluate(said: argparse.Namespace) -> None:
    _import_tensorflow()
    from ..models.evaluation.evaluate import evaluate

    _tell(evaluate(said.model, said.dataset, said.split, said.out).text)


def _verify(said: argparse.Namespace) -> int:
    from .verify import verify

    result = verify(said.snapshot)
    _tell(json.dumps(asdict(result)) if said.json else result.text)
    return FOUND if result.findings else DONE


def _diff(said: argparse.Namespace) -> int:
    from .diff import Limits, diff
    from .diff_text import text

    found = diff(said.old, said.new, Limits(said.max_drift, said.max_changed))
    _tell(json.dumps(asdict(found)) if said.json else text(found))
    return FOUND if found.exceeded else DONE


def _prune(said: argparse.Namespace) -> None:
    from .prune import prune

    for line in prune(said.folder, said.keep, said.dry_run):
        _tell(line)


def _models(said: argparse.Namespace) -> None:
    from .models import listing

    _tell(listing())


def _demo(said: argparse.Namespace) -> None:
    from .demo import demo

    demo(said.out)


def _import_tensorflow() -> None:
    """Imports TensorFlow, and lets it look for devices, without the lines that it logs on the way; shows them where it fails."""
    from ..models.quiet import stderr_kept

    os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '2')  # errors; it heeds this once it has started
    with tempfile.TemporaryDirectory() as folder, stderr_kept(Path(folder, 'stderr')):
        importlib.import_module('tensorflow').config.list_physical_devices()


def _run(said: argparse.Namespace) -> Run:
    from .runners import Run

    retry = tuple(filter(None, said.retry.split(',')))
    return Run(said.runner, said.workers, tuple(said.beam), said.overwrite, said.previous, retry, said.paranoid)


def _report(outcome: Outcome, as_json: bool) -> None:
    if as_json:
        return _tell(json.dumps(asdict(outcome)))
    if not outcome.made:
        _tell(f'{outcome.folder} is complete already; nothing to do')
    rows = ', '.join(f'{number} {table}' for table, number in outcome.counts.items())
    _tell(f'{outcome.folder}: {rows}\nphotos: {_numbers(outcome.statuses)}')
    for subject, counts in outcome.tallies.items():
        _tell(f'{subject}: {sum(counts.values())} ({_numbers(counts)})' if counts else f'{subject}: 0')


def _numbers(counts: dict[str, int]) -> str:
    return ', '.join(f'{name} {number}' for name, number in counts.items())


def _tell(text: str) -> None:
    """Prints an answer; whoever reads it may have seen enough, as `head` has."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _say(text: str, status: int) -> int:
    print(text, file=sys.stderr)
    return status


if __name__ == '__main__':
    sys.exit(main())
