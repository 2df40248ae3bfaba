"""`mien train`: datasets to a model package.

The package grows in OUT.partial, with the training's journal in `work/`, and gets its name once its export has been loaded again
and evaluated.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from ...configs.errors import UsageError
from ...configs.schema import TrainConfig
from ..architectures.registry import builder, is_somebodys, plain_name
from ..data.dataset import Dataset, id_of, load_together
from ..exporting.onnx import refuse_without_converter
from ..manifest import MANIFEST, METRICS, WORK, is_name
from ..package import ModelPackage
from ..weights.beginning import check
from .recipe import expected_on, identity, read_identity, refuse_another, stranger, without_effect, write_identity

if TYPE_CHECKING:
    from ..data.records import Source
    from ..evaluation.evaluate import Evaluation
    from .team import Team


def train(dataset_folders: Sequence[str], out: str, config: TrainConfig, command: str) -> ModelPackage:
    """Trains a model and writes its package; goes on where an interrupted run of the same options stopped.

    Where TF_CONFIG names several workers, the chief does so with the help of the others, whose process ends here.

    Args:
        dataset_folders: what `mien build` wrote; several of the same crops are trained on together.
        out: the package's folder. A finished one of the same options is left alone.
        command: the command line, for the card.
    Raises:
        UsageError: an option, the dataset or the output does not fit.
        JobFailed: the loss is no number any more, the export differs from the network, or another worker is gone.
        SystemExit: 0, on each worker but the chief.
    """
    datasets = load_together(dataset_folders)
    builder(config.architecture)
    check(config)
    _check_names(config)
    refuse_without_converter(config.exports)
    asked = identity(config, id_of(datasets))
    from ..exporting.export import refuse_inexpressible
    from .assemble import assemble
    from .fit import fit, network, open_source
    from .team import Team

    team = Team.of(config.device)
    team.agree(asked)
    to_do = team.told(b'' if team.chief and Path(out).exists() else b'training')
    if not team.chief:
        return _help(datasets, config, team, bool(to_do))
    if not to_do:
        return _finished(Path(out), asked, config)
    for text in without_effect(config):
        _warn(text)
    partial = _open_partial(Path(out), asked)
    with _undone_by_a_wrong_call(partial):
        source = open_source(datasets[0], config, datasets[1:])
        others = _others(config, source)
        _read_once(source, others, config.batch_size)
        if is_somebodys(config.architecture):
            refuse_inexpressible(source.graph, network(source, config), source.dataset.crop, config.architecture)
        fitted = fit(source, config, partial / WORK, partial / 'logs', team)
    evaluations = assemble(partial, fitted, source, others, config, command)
    partial.rename(out)
    shutil.rmtree(Path(out, WORK))
    package = ModelPackage.load(out)
    print(_summary(package, evaluations, datasets[0].id, config))
    return package


def _check_names(config: TrainConfig) -> None:
    for option, name in (('name', config.name or plain_name(config.architecture)), ('architecture', config.architecture)):
        if not is_name(name):
            raise UsageError(f'--{option} {name!r}: begins with =, +, - or @, or holds <, >, | or `; say another one')


def _others(config: TrainConfig, source: Source) -> list[Dataset]:
    """The datasets that the package will be measured on, too."""
    from ..data.examples import Examples
    from ..evaluation.evaluate import check

    others = [Dataset.load(folder) for folder in config.measure_on]
    ids = [dataset.id for dataset in (*source.datasets, *others)]
    for other in others:
        if ids.count(other.id) > 1:
            raise UsageError(f'dataset {other.folder!r}: is trained on or named twice, and measures once; leave it out of --measure-on')
        check('this training', source.classes, source.dataset.crop, other, 'test')
        if not Examples(other, source.classes).holds('test'):
            classes = ', '.join(source.classes)
            raise UsageError(f'dataset {other.folder!r}: no example of {classes} in test; leave it out of --measure-on')
    return others


def _read_once(source: Source, others: list[Dataset], batch_size: int) -> None:
    """Tells what is wrong with the faces before any is learnt.

    Raises:
        JobFailed: records are damaged.
        UsageError: a dataset's training faces measure another one.
    """
    from ..data.seen import refuse_seen, seen

    for part in source.parts():
        for split in part.dataset.splits():
            part.holds(split)
    refuse_seen(source.datasets, source.classes)
    for trained, measured in product(source.datasets, others):
        if count := seen(trained, measured, 'test', source.classes):
            what = f'{count:,} faces of the test split of {measured.folder!r} are in train of {trained.folder!r}'
            _warn(f'{what}: its figures are not of unseen faces alone')
    if batch_size > (faces := source.size('train')):
        _warn(f'batch_size {batch_size}: there are {faces:,} faces in train, which are one batch')
    if source.soft and not source.are_divided('train'):
        _warn(f'soft_labels has no effect: dataset {source.folders} has no face with votes for more than one class')


def _warn(text: str) -> None:
    print(f'mien: warning: {text}', file=sys.stderr)


@contextmanager
def _undone_by_a_wrong_call(partial: Path) -> Iterator[None]:
    """Leaves nothing of a training that failed before its first epoch was complete: another call may be right."""
    from .journal import STATE

    try:
        yield
    except Exception:
        if not (partial / WORK / STATE).exists():
            shutil.rmtree(partial)
        raise


def _help(datasets: tuple[Dataset, ...], config: TrainConfig, team: Team, to_do: bool) -> NoReturn:
    """Trains with the chief, and keeps nothing."""
    from .fit import fit, open_source

    if to_do:
        with tempfile.TemporaryDirectory() as folder:
            fit(open_source(datasets[0], config, datasets[1:]), config, Path(folder), Path(folder, 'logs'), team)
    raise SystemExit(0)


def _finished(out: Path, asked: dict[str, object], config: TrainConfig) -> ModelPackage:
    said = read_identity(out) if (out / MANIFEST).is_file() else None
    if said is None:
        raise UsageError(f'--out {str(out)!r}: exists and was not written by `mien train`; name another folder')
    refuse_another(out, said, asked)
    package = ModelPackage.load(out)
    measured_on = json.loads((out / METRICS).read_text())['recipe']['config'].get('measure_on', [])
    for folder in config.measure_on:
        if Dataset.load(folder).id not in measured_on:
            raise UsageError(f'--out {str(out)!r}: is complete and was not measured on {folder!r}; `mien evaluate {out} {folder}` does it')
    shutil.rmtree(out / WORK, ignore_errors=True)
    print(f'{out} is complete already: {package.id}; nothing to do')
    return package


def _open_partial(out: Path, asked: dict[str, object]) -> Path:
    partial = out.with_name(f'{out.name}.partial')
    try:
        said = read_identity(partial)
        if said is not None:
            refuse_another(partial, said, asked, finished=False)
        elif name := stranger(partial):
            raise UsageError(f'--out {str(out)!r}: {partial} holds {name}, which `mien train` did not write; name another folder')
        (partial / WORK).mkdir(parents=True, exist_ok=True)
        if said != asked:
            write_identity(partial, asked)
    except OSError as error:
        raise UsageError(f'--out {str(out)!r}: cannot be written ({error.strerror}); name another folder') from error
    return partial


def _summary(package: ModelPackage, evaluations: list[Evaluation], home: str, config: TrainConfig) -> str:
    lines = [result.text for result in evaluations]
    reached = next((result.metrics.accuracy for result in evaluations if result.place(home) == 'test'), None)
    expected = expected_on(config, home.partition('@')[0])
    if expected is not None and reached is not None and reached < expected:
        lines.append(f'warning: accuracy {reached:.2%} on test, this recipe should reach {expected:.2%}')
    return '\n\n'.join([*lines, f'{package.folder}: {package.id}'])
