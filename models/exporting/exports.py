"""All exports of a trained network: calibrated, written, compared with the network, and one of them chosen to label."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import keras
import numpy as np

from ...configs.errors import JobFailed
from ...configs.schema import EXPORTS, LABELLING, TrainConfig
from ..data.examples import Examples
from ..data.records import Source
from ..evaluation.calibrate import softmax, temperature
from ..evaluation.evaluate import predict
from ..interpreter import Labeller
from ..manifest import FILES
from ..predictor import Predictor
from .export import LabellingModel, tflite
from .int8 import int8, int8_weights, sample
from .onnx import onnx, open_onnx
from .parity import ACCURACY_LOSS, Answers, ExportFigures, accuracy_change, answers, compare, parity_split
from .saved_model import open_saved_model, write_saved_model

SCORES = 1e-4
TINY = float(np.finfo(np.float32).tiny)
Opener = Callable[[Path], Callable[[np.ndarray], np.ndarray]]  # what is opened takes uint8 crops and gives probabilities float32 (n, k)
OPENERS: dict[str, Opener] = {
    'float': lambda path: Labeller(path.read_bytes()).predict,
    'int8': lambda path: Labeller(path.read_bytes()).predict,
    'saved_model': open_saved_model,
    'onnx': open_onnx,
}


@dataclass(frozen=True)
class Labelling:
    """An export that can label.

    Attributes:
        name: float or int8.
        temperature: what the logits are divided by in it.
        probabilities: float32 (n, k), what it says of the validation split.
    """

    name: str
    temperature: float
    probabilities: np.ndarray

    @property
    def file(self) -> str:
        return FILES[self.name]


@dataclass(frozen=True)
class Exported:
    """What a network was exported to: the export that labels, and figures of every export, the Keras file's first."""

    labelling: Labelling
    figures: tuple[ExportFigures, ...]


def write_exports(folder: Path, network: keras.Model, source: Source, config: TrainConfig) -> Exported:
    """Writes what the config asks for beside `model.keras`, which stands in the folder already.

    All are calibrated by the network's own answers; only an int8 file that shall label is calibrated by its own. A float TFLite is always
    made and compared; one that is not asked for and does not label is then removed, and so is an int8 file that has lost too much.

    Raises:
        JobFailed: an export of floats says other things than the network.
    """
    own = answers(network, source, 'validation')
    expected = _on_parity_split(network, source, own)
    degrees = temperature(own.logits, own.labels)
    model = LabellingModel(source.graph, network, source.dataset.crop, degrees)
    names = made(config)
    candidates = [_write_float(folder, model, degrees, source, own)]
    if 'int8' in names:
        candidates.append(_write_int8(folder, network, source, own, expected, None if config.label_with == 'int8' else degrees))
    if 'saved_model' in names:
        write_saved_model(model, source.classes, folder / FILES['saved_model'])
    if 'onnx' in names:
        (folder / FILES['onnx']).write_bytes(onnx(model))
    figures = measure_exports(folder, names, source, expected)
    refuse_unfaithful(figures)
    labelling = choose(config.label_with, candidates, figures)
    kept = {'keras', *config.exports, labelling.name} & {some.name for some in figures if some.faithful}
    for some in figures:
        if some.name not in kept:
            (folder / some.file).unlink()
    return Exported(labelling, tuple(_placed(some, folder, labelling) for some in figures))


def choose(asked_for: str, candidates: list[Labelling], figures: list[ExportFigures]) -> Labelling:
    """The candidate that shall label: the float one where the asked one has lost too much. What has is told of.

    What becomes of int8 is the one decision that may rest on the test split: it can only turn an export down.
    """
    lossy = {some.name: some for some in figures if not some.faithful}
    for some in lossy.values():
        lost = f'{-100 * some.accuracy_change:.2f} points of accuracy on {some.split}, more than {100 * ACCURACY_LOSS:g}'
        print(f'warning: {some.file} loses {lost}, and is left out' + f'; {FILES["float"]} labels instead' * (some.name == asked_for))
    chosen = 'float' if asked_for in lossy else asked_for
    return next(candidate for candidate in candidates if candidate.name == chosen)


def refuse_unfaithful(figures: list[ExportFigures]) -> None:
    """Checks the exports of floats.

    Raises:
        JobFailed: one gives too many faces another label than the network.
    """
    for some in figures:
        if some.name != 'int8' and not some.faithful:
            raise JobFailed(
                f'{some.file}: gives the label of the network to {some.agreement:.2%} of the faces in {some.split}; '
                'this is a bug, please report it'
            )


def made(config: TrainConfig) -> tuple[str, ...]:
    """Names of the exports that are made of a network beside the Keras file, float first."""
    chosen = {'float', *config.exports, config.label_with}
    return tuple(name for name in EXPORTS if name in chosen)


def measure_exports(folder: Path, names: tuple[str, ...], source: Source, expected: Answers) -> list[ExportFigures]:
    """Figures of the Keras file and of each named export, as they stand in the folder."""
    saved = keras.saving.load_model(folder / FILES['keras'], compile=False)
    every = [compare('keras', folder, answers(saved, source, expected.split).logits, expected)]
    for name in names:
        every.append(compare(name, folder, said_of(name, folder / FILES[name], source, expected.split), expected))
    return every


def said_of(name: str, path: Path, examples: Examples, split: str) -> np.ndarray:
    """What an export says of the faces of a split, float32 (n, k)."""
    if name in LABELLING:
        return predict(Predictor.of(path.read_bytes()), examples, split)[0]
    run = OPENERS[name](path)
    return np.concatenate([run(crops) for crops, _ in examples.crops(split)])


def _placed(some: ExportFigures, folder: Path, labelling: Labelling) -> ExportFigures:
    return replace(some, labels=some.name == labelling.name, held=(folder / some.file).exists())


def _write_float(folder: Path, model: LabellingModel, degrees: float, source: Source, own: Answers) -> Labelling:
    content = tflite(model)
    (folder / FILES['float']).write_bytes(content)
    probabilities, _ = predict(Predictor.of(content), source, 'validation')
    worst = float(np.abs(probabilities - softmax(own.logits.astype(np.float64) / degrees)).max())
    if not worst <= SCORES:
        raise JobFailed(
            f'{FILES["float"]}: its scores differ from the network by {worst:.2g}, more than {SCORES:.0e}; this is a bug, please report it'
        )
    return Labelling('float', degrees, probabilities)


def _write_int8(folder: Path, network: keras.Model, source: Source, own: Answers, expected: Answers, degrees: float | None) -> Labelling:
    """At a temperature, or at the one that its own answers ask for.

    Where 8-bit activations cost more than a point of accuracy on validation or on the split that exports are compared on, or LiteRT can't
    run them, only the weights are integers.
    """
    crops = sample(source)
    try:
        content, labelling = _calibrated(lambda model: int8(model, crops), network, source, own, degrees)
    except JobFailed as error:
        reason = str(error)
    else:
        reason = _loses(labelling.probabilities, own)
        if not reason and expected is not own:
            reason = _loses(predict(Predictor.of(content), source, expected.split)[0], expected)
    if reason:
        print(f'{FILES["int8"]}: only the weights are of 8 bits, not the activations: {reason}')
        content, labelling = _calibrated(int8_weights, network, source, own, degrees)
    (folder / FILES['int8']).write_bytes(content)
    return labelling


def _loses(probabilities: np.ndarray, expected: Answers) -> str:
    """By how much an export stays below the network's accuracy, as words; nothing, if that is little enough."""
    lost = -round(accuracy_change(probabilities, expected), 9)
    return f'they would lose {100 * lost:.2f} points of accuracy on {expected.split}' if lost > ACCURACY_LOSS else ''


def _calibrated(
    convert: Callable[[LabellingModel], bytes], network: keras.Model, source: Source, own: Answers, degrees: float | None
) -> tuple[bytes, Labelling]:
    """A converted model at a temperature, or at the one that its own answers ask for, and what it says of the validation split."""
    if degrees is None:
        raw, _ = predict(Predictor.of(convert(LabellingModel(source.graph, network, source.dataset.crop, 1.0))), source, 'validation')
        degrees = temperature(np.log(np.maximum(raw, TINY)), own.labels)
    content = convert(LabellingModel(source.graph, network, source.dataset.crop, degrees))
    probabilities, _ = predict(Predictor.of(content), source, 'validation')
    return content, Labelling('int8', degrees, probabilities)


def _on_parity_split(network: keras.Model, source: Source, own: Answers) -> Answers:
    split = parity_split(source)
    return own if split == own.split else answers(network, source, split)
