"""Trains a run by `mien train`, which goes on where it stopped, in a process of its own."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

import yaml

from ...configs.load import as_dict
from ..whole import write_whole
from .files import Places
from .plan import Training
from .processes import run_logged

MIEN = 'mien.pipelines.cli'
EPOCH = re.compile(r'^epoch (\d+)/\d+ ', re.MULTILINE)
WORTH_TELLING = re.compile(r'epoch \d|mien: |warning: ')  # the log has the rest


def train(name: str, training: Training, places: Places, tell: Callable[[str], object]) -> str:
    """Leaves the package in its place, where none stands yet; gives why it doesn't, else nothing.

    Args:
        name: id of the run.
        tell: is given each line of progress, each warning, and why the training failed.
    """
    out, recipe = places.package(name), places.recipe(name)
    write_whole(recipe, f'# mien train, as run {name} of a comparison\n{yaml.safe_dump(as_dict(training.config), sort_keys=False)}')
    words = ['train', training.dataset.folder, '--config', str(recipe), '--out', str(out)]
    with open(places.log(name), 'a') as log:
        log.write(f'--- {time.strftime("%Y-%m-%d %H:%M:%S")} mien {" ".join(words)}\n')
    return run_logged(MIEN, words, places.log(name), lambda line: tell(line) if WORTH_TELLING.match(line) else None).reason


def epochs_seen(log: Path) -> int | None:
    """The last epoch that a training has told of; None where it hasn't."""
    told = EPOCH.findall(log.read_text(errors='replace')) if log.is_file() else []
    return int(told[-1]) if told else None
