"""A model's card: what `metrics.json` knows, written for the person who must decide whether to use it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from ..data.dataset import SourceSaid
from ..package import ModelPackage
from ..training.recipe import Recipe
from .confidence import ReliabilityBin
from .evaluate import Evaluation
from .report import bound, describe, points, unsliced
from .robustness import Changed
from .slices import Slice
from .timing import Times

LIMITS = """\
- It says which expression annotators would most probably name for a face. It does not say what the person feels.
- Annotators disagree: with soft labels in training or not, two careful people name the same class for about two thirds to four
  fifths of such faces. Classes with few training faces (see recall) are often missed.
- It knows upright faces, cut by five landmarks as `model.json` says. Other crops, strong yaw, occlusion and small faces lower every
  figure above.
- Its scores are honest on faces like those that it was calibrated on. On other ones the calibration error may be several times as large,
  and the abstention threshold may let more or fewer faces through: `mien evaluate` says so for a dataset of yours.
- Nothing here measures differences between groups of people: measure them on your own data before you rely on it."""

INTENDED = """\
Sorting and curating image archives, finding faces for people to label, research on labelled sets, and teaching. Let people look at
what it abstains from, and at a sample of the rest."""

CURVE = """\
Equal bins of the score, which is the greatest probability. Where scores are honest, the accuracy of a bin is its mean score. Bins without a
face are left out."""

ROBUSTNESS = """\
The first faces of each split, in an order by hash, with their crops changed in ways that leave the expression as it is: the share of them
that keep their label, the accuracy then, and the change in points. What is measured on crops says nothing of how faces are found."""

SLICES = """\
Quarters of each split by what was measured of its own faces, each with its upper bound. Sharpness, brightness and contrast are of the crop,
size is the width of the face in pixels of the photo, yaw and roll count to either side. The calibration error of few faces looks larger
than it is."""

UNFIT = """\
Any decision about a person: hiring, credit, policing, border control, insurance, health, or judging pupils and workers. In the European
Union the AI Act (Regulation 2024/1689, article 5) forbids inferring emotions at work and in education, and makes other uses high-risk or
subject to notice; other laws on biometric data may apply where you are."""

ENDED = {'minutes': 'its limit of minutes'}


def card(
    package: ModelPackage,
    recipe: Recipe,
    evaluations: Sequence[Evaluation],
    parameters: int,
    speed: Times,
    sources: Sequence[SourceSaid] = (),
    more: Sequence[str] = (),
) -> str:
    """The card in Markdown.

    Args:
        parameters: of the network.
        speed: of the export that labels.
        sources: the collections that the dataset is made of.
        more: other sections, each with its heading; they stand after the figures.
    """
    parts = [
        f'# {package.name}\n\n{_summary(package, parameters)}',
        f'## Data\n\n{_data(recipe, sources)}',
        f'## Figures\n\n{_figures(package, evaluations, recipe.home, speed)}',
        f'## Confidence\n\n{_by_split(evaluations, recipe.home, _confidence)}',
        f'## Calibration curve\n\n{CURVE}\n\n{_by_split(evaluations, recipe.home, _curve)}',
        f'## Slices\n\n{SLICES}\n\n{_by_split(evaluations, recipe.home, _slices)}',
        f'## Robustness\n\n{ROBUSTNESS}\n\n{_by_split(evaluations, recipe.home, _robustness)}',
        *more,
        f'## Recipe\n\n{_recipe(recipe)}',
        f'## Limits\n\n{LIMITS}',
        f'## Intended uses\n\n{INTENDED}',
        f'## Unfit uses\n\n{UNFIT}',
    ]
    return '\n\n'.join(part.strip() for part in parts) + '\n'


def _by_split(evaluations: Sequence[Evaluation], home: str, text: Callable[[Evaluation], str]) -> str:
    return '\n\n'.join(f'### {result.place(home)}\n\n{text(result)}' for result in evaluations)


def _summary(package: ModelPackage, parameters: int) -> str:
    crop, classes = package.crop, package.classes
    network = f'`{package.architecture}`, {parameters:,} parameters'
    return f'{network}; {crop.size}x{crop.size}x{crop.channels} crops to {len(classes)} classes:\n{", ".join(classes)}. Crops: {crop}.'


def _data(recipe: Recipe, sources: Sequence[SourceSaid]) -> str:
    counts = ', '.join(f'{name} {count:,}' for name, count in recipe.counts.items())
    on_validation = 'Early stopping, calibration and the abstention threshold were chosen on `validation`'
    chosen = f'{on_validation}; on `test` nothing but what becomes of int8.'
    table = _table(['source', 'examples', 'licence'], [[one.name, f'{one.examples:,}', one.licence or 'not said'] for one in sources])
    return f'Dataset `{recipe.dataset}`, faces in `train`: {counts}.\n{chosen}' + (f'\n\n{table}' if sources else '')


def _figures(package: ModelPackage, evaluations: Sequence[Evaluation], home: str, speed: Times) -> str:
    head = f'Of `{package.export}`, the export that labels. Its logits are divided by a temperature of {package.temperature:.4f}.'
    abstained = f'A face whose best score is below {package.abstain_below:.4f} is abstained.'
    fast = f'{speed.faces_per_second:,.0f} faces a second in batches, {1e3 * speed.latency:.3g} ms for one'
    clock = f'On one thread of the machine that trained it, in processor time: {fast}.'
    return f'{head}\n{abstained}\n{clock}\n\n{_by_split(evaluations, home, _accuracy)}'


def _accuracy(result: Evaluation) -> str:
    lines = '\n'.join([*result.remarks, describe(result.metrics)])
    return f'```\n{lines}\n```'


def _confidence(result: Evaluation) -> str:
    metrics = result.metrics
    errors = f'Calibration error {metrics.calibration_error:.4f}; {metrics.calibration_error_before:.4f} without the temperature.'
    rows = [[f'{one.covered:.2%}', f'{one.accuracy:.2%}', f'{one.score:.4f}'] for one in metrics.risk_coverage]
    return f'{errors}\n\n{_table(["faces labelled, the surest first", "accuracy on them", "least score"], rows)}'


def _curve(result: Evaluation) -> str:
    return _table(['score', 'faces', 'mean score', 'accuracy'], [_bin(one) for one in result.metrics.reliability if one.count])


def _bin(one: ReliabilityBin) -> list[str]:
    return [f'{one.low:.3f} to {one.high:.3f}', f'{one.count:,}', f'{one.confidence:.4f}', f'{one.accuracy:.2%}']


def _robustness(result: Evaluation) -> str:
    return _table(['change', 'faces', 'same label', 'accuracy', 'change, points'], map(_change, result.robustness))


def _change(one: Changed) -> list[str]:
    return [one.change, f'{one.examples:,}', f'{one.stay:.2%}', f'{one.accuracy:.2%}', points(one.accuracy_change)]


def _slices(result: Evaluation) -> str:
    columns = ['measure', 'from', 'to', 'faces', 'accuracy', 'standard error', 'mean score', 'calibration error']
    table = [_table(columns, map(_slice, result.slices.slices))] if result.slices.slices else []
    reasons = [f'{line[0].upper()}{line[1:]}.' for line in unsliced(result.slices)]
    return '\n\n'.join([*table, *reasons])


def _slice(one: Slice) -> list[str]:
    figures = [f'{one.accuracy:.2%}', f'{one.standard_error:.2%}', f'{one.confidence:.4f}', f'{one.calibration_error:.4f}']
    return [one.measure, bound(one.low), bound(one.high), f'{one.examples:,}', *figures]


def _recipe(recipe: Recipe) -> str:
    options = recipe.config | ({} if recipe.config.get('classes') else {'classes': 'all'})
    table = _table(['option', 'value'], [[name, _plain(value)] for name, value in options.items()])
    return f'    {recipe.command}\n\n{_course(recipe)}\n\n{table}'


def _course(recipe: Recipe) -> str:
    """How the training went, in words."""
    began = 'It began with random weights' if recipe.began_with == 'none' else f'It began with the weights of `{recipe.began_with}`'
    if not recipe.epochs:
        return f'{began}, which were taken as they are.'
    asked, best = recipe.config['epochs'], f'the weights are those of epoch {recipe.best}, of the least validation loss'
    ended = f'ended by {ENDED.get(recipe.ended, recipe.ended)}' if recipe.ended else 'all that were asked for'
    return f'{began}. {recipe.epochs} epochs of at most {asked}, {ended}, in {recipe.seconds / 60:,.1f} minutes; {best}.'


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [columns, ['---'] * len(columns), *([cell.replace('|', r'\|') for cell in row] for row in rows)]
    return '\n'.join(f'| {" | ".join(line)} |' for line in lines)


def _plain(value: object) -> str:
    if isinstance(value, list):
        return ', '.join(map(str, value)) or '-'
    return '-' if value is None else str(value).lower() if isinstance(value, bool) else str(value)
