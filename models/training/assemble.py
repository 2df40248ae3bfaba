"""From a trained network to a model package: calibrated, exported, loaded again, evaluated, described."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from ...configs.load import as_dict
from ...configs.schema import SPLITS, TrainConfig
from ..architectures.registry import plain_name
from ..data.dataset import Dataset
from ..data.examples import Examples
from ..data.records import Source
from ..evaluation.calibrate import threshold
from ..evaluation.card import card
from ..evaluation.evaluate import Evaluation, evaluate_examples, evaluate_package, first_crops
from ..evaluation.timing import BATCH, Times, times
from ..exporting.answering import answering
from ..exporting.exports import Labelling, write_exports
from ..exporting.parity import ExportFigures, section
from ..exporting.undated import save
from ..interpreter import Labeller
from ..manifest import FILES, MANIFEST, METRICS
from ..package import ModelPackage, find, hashes
from ..weights.beginning import began_with
from .fit import Fitted
from .recipe import IDENTITY, Recipe


def assemble(
    folder: Path, fitted: Fitted, source: Source, others: Sequence[Dataset], config: TrainConfig, command: str
) -> list[Evaluation]:
    """Writes all files of a package; `model.json` is complete last.

    Args:
        others: further datasets on whose test split the package is measured.
    Returns:
        what the export is worth on each split but train, and on those.
    Raises:
        JobFailed: the export's scores differ from the network's.
    """
    _clear(folder)
    network = answering(fitted.network, source, config)
    save(network, folder / FILES['keras'])
    exported = write_exports(folder, network, source, config)
    package = _package(folder, exported.labelling, source, config)
    package.write_manifest()
    package = ModelPackage.load(folder)
    evaluations = [evaluate_examples(package, part, split) for part, split in _places(source)]
    evaluations += [evaluate_package(package, other, 'test') for other in others]
    recipe = _recipe(fitted, source, others, config, command)
    speed = _speed(package, source)
    parameters = network.count_params()
    _write_metrics(folder / METRICS, recipe, fitted.progress.history, evaluations, exported.figures, speed, parameters)
    sources = [one for dataset in source.datasets for one in dataset.sources]
    written = card(package, recipe, evaluations, parameters, speed, sources, [section(exported.figures)])
    (folder / 'card.md').write_text(written)
    described = hashes(folder, (METRICS, 'card.md', IDENTITY))
    replace(package, files=package.files | described).write_manifest()
    return evaluations


def _places(source: Source) -> list[tuple[Examples, str]]:
    """What a package is measured by: every split but train of each dataset that it was trained on."""
    return [(part, split) for part in source.parts() for split in SPLITS[1:] if part.holds(split)]


def _clear(folder: Path) -> None:
    """Takes away what an earlier call has left, which may have been asked for other exports of the same training."""
    (folder / MANIFEST).unlink(missing_ok=True)
    for path in (folder / name for name in FILES.values()):
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def _package(folder: Path, labelling: Labelling, source: Source, config: TrainConfig) -> ModelPackage:
    """The package before it is measured: its manifest names the exports alone."""
    return ModelPackage(
        folder=str(folder),
        name=config.name or plain_name(config.architecture),
        architecture=config.architecture,
        classes=source.classes,
        crop=source.dataset.crop,
        temperature=labelling.temperature,
        abstain_below=threshold(labelling.probabilities, config.coverage),
        export=labelling.file,
        files=hashes(folder, FILES.values()),
    )


def _speed(package: ModelPackage, source: Source) -> Times:
    """How fast the export is that labels, on this machine, by validation faces."""
    content = package.export_path.read_bytes()
    return times(lambda: Labeller(content).predict, first_crops(source, 'validation', BATCH))


def _recipe(fitted: Fitted, source: Source, others: Sequence[Dataset], config: TrainConfig, command: str) -> Recipe:
    """Packages and datasets have their ids in it, whatever folders they stood in."""
    ids = {'teachers': [find(name).id for name in config.teachers], 'measure_on': [other.id for other in others]}
    counts = {name: count for name, count in source.counts('train').items() if name in source.classes}
    progress = fitted.progress
    epochs, best = len(progress.history), progress.best + 1
    options = as_dict(config) | ids | {'device': progress.device}  # what is left when all epochs are done may be done on another one
    return Recipe(options, source.id, command, counts, epochs, best, began_with(config), progress.seconds, progress.ended)


def _write_metrics(
    path: Path,
    recipe: Recipe,
    history: tuple[dict[str, float], ...],
    evaluations: list[Evaluation],
    exports: tuple[ExportFigures, ...],
    speed: Times,
    parameters: int,
) -> None:
    metrics: dict[str, Any] = {
        'parameters': parameters,
        'splits': {result.place(recipe.home): asdict(result.metrics) for result in evaluations},
        'slices': {result.place(recipe.home): asdict(result.slices) for result in evaluations},
        'robustness': {result.place(recipe.home): [asdict(one) for one in result.robustness] for result in evaluations},
        'exports': [asdict(some) for some in exports],
        'speed': asdict(speed),
        'recipe': asdict(recipe),
        'history': list(history),
    }
    path.write_text(json.dumps(metrics, indent=2) + '\n')
