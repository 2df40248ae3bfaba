"""From a trained network to a model package: calibrated, exported, loaded again, evaluated, described."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ..configs.errors import JobFailed
from ..configs.load import as_dict
from ..configs.schema import SPLITS, TrainConfig
from .calibrate import softmax, temperature, threshold
from .card import card
from .evaluate import Evaluation, evaluate_source, predict
from .export import LabellingModel, tflite
from .fit import Fitted
from .interpreter import Labeller
from .package import ModelPackage, sha256
from .recipe import Recipe
from .records import Source

EXPORT = 'model.tflite'
PARITY = 1e-4


def assemble(folder: Path, fitted: Fitted, source: Source, config: TrainConfig, command: str) -> list[Evaluation]:
    """Writes all files of a package, `model.json` last.

    Returns:
        what the export is worth on each split but train.
    Raises:
        JobFailed: the export's scores differ from the network's.
    """
    fitted.network.save(folder / 'model.keras')
    package = _export(folder, fitted.network, source, config)
    package.write_manifest()
    package = ModelPackage.load(folder)
    splits = [split for split in SPLITS[1:] if split in source.dataset.splits()]
    evaluations = [evaluate_source(package, source, split) for split in splits]
    recipe = _recipe(fitted, source, config, command)
    _write_metrics(folder / 'metrics.json', recipe, fitted.progress.history, evaluations)
    (folder / 'card.md').write_text(card(package, recipe, evaluations, fitted.network.count_params()))
    names = ('model.keras', EXPORT, 'metrics.json', 'card.md', 'training.json')
    replace(package, files={name: sha256(folder / name) for name in names}).write_manifest()
    return evaluations


def _export(folder: Path, network: keras.Model, source: Source, config: TrainConfig) -> ModelPackage:
    logits, labels = _logits(network, source)
    degrees = temperature(logits, labels)
    export = tflite(LabellingModel(source.graph, network, source.dataset.crop, degrees))
    (folder / EXPORT).write_bytes(export)
    probabilities, _ = predict(Labeller(export), source, 'validation')
    _check_parity(probabilities, softmax(logits.astype(np.float64) / degrees))
    return ModelPackage(
        folder=str(folder),
        name=config.name or config.architecture,
        architecture=config.architecture,
        classes=source.classes,
        crop=source.dataset.crop,
        temperature=degrees,
        abstain_below=threshold(probabilities, config.coverage),
        export=EXPORT,
        files={name: sha256(folder / name) for name in ('model.keras', EXPORT)},
    )


def _logits(network: keras.Model, source: Source) -> tuple[np.ndarray, np.ndarray]:
    run = tf.function(lambda crops: network(source.graph(crops)['image'], training=False), reduce_retracing=True)
    pairs = [(run(tf.constant(crops)).numpy(), labels) for crops, labels in source.crops('validation')]
    return np.concatenate([pair[0] for pair in pairs]), np.concatenate([pair[1] for pair in pairs])


def _check_parity(exported: np.ndarray, expected: np.ndarray) -> None:
    worst = float(np.abs(exported - expected).max())
    if not worst <= PARITY:
        raise JobFailed(
            f'{EXPORT}: its scores differ from the network by {worst:.2g}, more than {PARITY:.0e}; this is a bug, please report it'
        )


def _recipe(fitted: Fitted, source: Source, config: TrainConfig, command: str) -> Recipe:
    counts = {name: count for name, count in source.counts('train').items() if name in source.classes}
    dataset = f'{source.dataset.name}@{source.dataset.digest}'
    return Recipe(as_dict(config), dataset, command, counts, len(fitted.progress.history), fitted.progress.best + 1)


def _write_metrics(path: Path, recipe: Recipe, history: tuple[dict[str, float], ...], evaluations: list[Evaluation]) -> None:
    metrics: dict[str, Any] = {
        'splits': {result.split: asdict(result.metrics) for result in evaluations},
        'recipe': asdict(recipe),
        'history': list(history),
    }
    path.write_text(json.dumps(metrics, indent=2) + '\n')
