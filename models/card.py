"""A model's card: what `metrics.json` knows, written for the person who must decide whether to use it."""

from __future__ import annotations

from .evaluate import Evaluation
from .package import ModelPackage
from .recipe import Recipe
from .report import describe

LIMITS = """\
- It says which expression annotators would most probably name for a face. It does not say what the person feels.
- Annotators disagree: with soft labels in training or not, two careful people name the same class for about two thirds to four
  fifths of such faces. Classes with few training faces (see recall) are often missed.
- It knows upright faces, cut by five landmarks as `model.json` says. Other crops, strong yaw, occlusion and small faces lower every
  figure above. Nothing here measures differences between groups of people: measure them on your own data before you rely on it."""

FAIR_USE = """\
Fit for sorting and curating image archives, research on labelled sets, and teaching. Not fit for decisions about a person: hiring,
credit, policing, border control, insurance, health, or judging pupils and workers. In the European Union the AI Act (Regulation
2024/1689, article 5) forbids inferring emotions at work and in education, and makes other uses high-risk or subject to notice;
other laws on biometric data may apply where you are."""


def card(package: ModelPackage, recipe: Recipe, evaluations: list[Evaluation], parameters: int) -> str:
    """The card in Markdown."""
    crop = package.crop
    figures = '\n\n'.join(f'### {result.split}\n\n```\n{describe(result.metrics)}\n```' for result in evaluations)
    settings = '\n'.join(f'| {name} | {_plain(value)} |' for name, value in recipe.config.items())
    return f"""# {package.name}

`{package.architecture}`, {parameters:,} parameters; {crop.size}x{crop.size}x{crop.channels} crops to {len(package.classes)} classes:
{', '.join(package.classes)}.

## Data

Dataset `{recipe.dataset}`, faces in `train`: {', '.join(f'{name} {count:,}' for name, count in recipe.counts.items())}. Crops: template
`{crop.template}` at {crop.scale} of its width. Early stopping, calibration and the abstention threshold were chosen on `validation`;
nothing was chosen on `test`.

## Figures

Of `{package.export}`, the export that labels, on each split. Temperature {package.temperature:.4f}; a face whose best score is below
{package.abstain_below:.4f} is abstained.

{figures}

## Recipe

    {recipe.command}

{recipe.epochs} epochs of at most {recipe.config['epochs']}; the weights are those of epoch {recipe.best}.

| option | value |
|---|---|
{settings}

## Limits

{LIMITS}

## Fair use

{FAIR_USE}
"""


def _plain(value: object) -> str:
    if isinstance(value, list):
        return ', '.join(map(str, value)) or 'all'
    return '-' if value is None else str(value).lower() if isinstance(value, bool) else str(value)
