"""The words of the command line: its commands and their arguments, most of which are the options of a config."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping
from typing import Any, NoReturn

from ..configs.load import suggestion
from ..configs.schema import BuildConfig, CompareConfig, LabelConfig, PhotoConfig, TrainConfig
from ..storage.path import is_stored
from .options import add_options

WRONG_CALL = 2


class _Parser(argparse.ArgumentParser):
    """One line and exit status 2 for a wrong call; an option has one name, and no shorter ones."""

    def __init__(self, **values: Any) -> None:
        super().__init__(**values, allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        print(f'{self.prog}: {message}; see {self.prog} --help', file=sys.stderr)
        raise SystemExit(WRONG_CALL)


def parse(words: list[str], beam: list[str]) -> argparse.Namespace:
    """What the words of a call say, and Beam's own options beside it; a wrong call ends here, in the name of its command."""
    mien = parser()
    said, unknown = mien.parse_known_args(words, argparse.Namespace(beam=beam))
    command = commands_of(mien)[said.command]
    if beam and 'runner' not in said:
        command.error(f'unrecognized arguments: -- {" ".join(beam)}: it runs no pipeline')
    if unknown:
        names = [name for action in command._actions for name in action.option_strings]
        wrong = next((word for word in unknown if word.startswith('-')), unknown[0])
        command.error(f'unrecognized arguments: {" ".join(unknown)}{suggestion(wrong.partition("=")[0], names)}')
    return said


def commands_of(mien: argparse.ArgumentParser) -> Mapping[str, argparse.ArgumentParser]:
    """The parser of each command."""
    return next(action.choices for action in mien._actions if isinstance(action.choices, Mapping))


def parser() -> argparse.ArgumentParser:
    """What `mien` understands; the name of the command is `command`."""
    mien = _Parser(prog='mien', description='Raw photos to tables of faces and expressions, training sets and models.')
    commands = mien.add_subparsers(dest='command', metavar='COMMAND', required=True)
    _pipeline_command(commands, 'label', LabelConfig, 'photos to tables: a row per photo, per face, per label')
    _pipeline_command(commands, 'build', BuildConfig, 'labelled photos to TFRecords for training')
    train = _command(commands, 'train', 'datasets of `mien build` to a model package')
    dataset = 'folder that `mien build` wrote, also on s3:// or gs://'
    train.add_argument('datasets', nargs='+', metavar='DATASET', help=f'{dataset}; several are trained on together')
    train.add_argument('--out', required=True, type=_on_a_disk, metavar='DIR', help='folder that becomes the package')
    add_options(train, TrainConfig, 'train')
    evaluate = _command(commands, 'evaluate', 'accuracy, confusions, calibration and slices of a model on a split')
    evaluate.add_argument('model', metavar='MODEL', help='name of an installed package, see `mien models`, or folder of one')
    evaluate.add_argument('dataset', metavar='DATASET', help=dataset)
    evaluate.add_argument('--split', default='test', metavar='SPLIT', help='train, validation or test (default)')
    evaluate.add_argument(
        '--out', type=_on_a_disk, metavar='DIR', help='folder for the figures as JSON, confusion matrix and reliability diagram as PNG'
    )
    compare = _command(commands, 'compare', 'trains and measures models, and says which is the best; one table of all')
    compare.add_argument(
        'datasets', nargs='*', metavar='DATASET', help='folders that `mien build` wrote, to train on, also on s3:// or gs://'
    )
    compare.add_argument(
        '--out', required=True, type=_on_a_disk, metavar='DIR', help='folder for the table, its plots, the packages, and the best of them'
    )
    add_options(compare, CompareConfig, 'compare')
    verify = _command(commands, 'verify', 'checks that a snapshot is as it was written; status 3 if not')
    snapshot = 'folder that `mien label` or `mien build` wrote, also on s3:// or gs://'
    verify.add_argument('snapshot', metavar='SNAPSHOT', help=snapshot)
    verify.add_argument('--json', action='store_true', help='print the findings as one line of JSON')
    prune = _command(commands, 'prune', 'removes old snapshots of a folder that holds one a night')
    prune.add_argument('folder', metavar='FOLDER', help='folder of snapshots of one command, called by their dates: dt=2026-11-23')
    keep = 'how many complete ones stay: those of the last names, where night-10 comes after night-9'
    prune.add_argument('--keep', type=int, required=True, metavar='N', help=keep)
    prune.add_argument('--dry-run', action='store_true', help='say what would be removed, and remove nothing')
    diff = _command(commands, 'diff', 'what has changed between two snapshots of one kind; status 3 past a limit')
    diff.add_argument('old', metavar='OLD', help=snapshot)
    diff.add_argument('new', metavar='NEW', help='a later one of the same command')
    drift = (
        "status 3 where the population stability index of the faces' classes (build: of the training split's) is more; default: any may be"
    )
    diff.add_argument('--max-drift', type=float, metavar='X', help=drift)
    changed = (
        "status 3 where a larger share of OLD's photos is gone, has another status, or has lost or changed a label; default: any may be"
    )
    diff.add_argument('--max-changed', type=float, metavar='X', help=changed)
    diff.add_argument('--json', action='store_true', help='print what has changed as one line of JSON')
    _command(commands, 'models', 'installed model packages and known architectures')
    demo = _command(commands, 'demo', 'labels photos that installed packages carry, and shows what was found')
    demo.add_argument(
        '--out', default='demo-out', type=_on_a_disk, metavar='DIR', help='folder for inputs, tables and contact sheet (default: demo-out)'
    )
    return mien


def _with_a_name(folder: str) -> str:
    """A folder beside which something can stand."""
    if not is_stored(folder) and not os.path.basename(os.path.abspath(folder)):
        raise argparse.ArgumentTypeError(f'{folder!r} is the root of a disk; name a folder')
    return folder


def _on_a_disk(folder: str) -> str:
    """The same, which can't be in a store."""
    if is_stored(folder):
        raise argparse.ArgumentTypeError(f'{folder!r} is in a store, and this is written on a disk; name a folder, and copy it')
    return _with_a_name(folder)


def _command(commands: Any, name: str, text: str) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + '.')
    return command


def _pipeline_command(commands: Any, name: str, schema: type[PhotoConfig], text: str) -> None:
    command = _command(commands, name, text)
    inputs = (
        'a folder, a photo, a tar (also .gz, .bz2, .xz), a zip, a Parquet file with a column of bytes, a list of files (.txt, .lst, .csv, '
        '.tsv or Parquet), or a glob of these, on a disk, on s3:// or gs://; NAME=INPUT says what its uris begin with'
    )
    command.add_argument('inputs', nargs='+', metavar='INPUT', help=inputs)
    out = 'folder that becomes the snapshot, also s3://... or gs://...'
    command.add_argument('--out', required=True, type=_with_a_name, metavar='DIR', help=out)
    runner = 'local (default), prism, flink, spark or dataflow; its place is said after --: --flink_master=HOST:8081'
    command.add_argument('--runner', default='local', metavar='NAME', help=runner)
    workers = (
        "local: threads that share the shards (default: 1); flink: slots (default: the cluster's); spark: cores (default: the cluster's); "
        'dataflow: machines at most (default: 10); prism: decides itself'
    )
    command.add_argument('--workers', type=int, metavar='N', help=workers)
    command.add_argument('--previous', metavar='DIR', help='an earlier snapshot: photos that have not changed are not opened again')
    command.add_argument('--paranoid', action='store_true', help='with --previous: compare the bytes of photos instead of size and time')
    retry = 'with --previous: statuses of photos that are tried again all the same, as truncated,corrupt'
    command.add_argument('--retry', default='', metavar='A,B', help=retry)
    command.add_argument('--overwrite', action='store_true', help="replace another run's output once this one is complete")
    command.add_argument('--json', action='store_true', help='print the result as one line of JSON')
    command.epilog = "Beam's own options follow after --."
    add_options(command, schema, name)
