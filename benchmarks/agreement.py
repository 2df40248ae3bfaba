"""How far a snapshot of `mien label` agrees with labels that people gave, faces that were not found counted as wrong.

    python -m benchmarks.agreement SNAPSHOT LABELS.csv [--image COLUMN] [--label COLUMN]

A photo's label is that of its face of the highest detection score. Photos are matched by base name; empty labels are left out.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('snapshot')
    add_labels(parser)
    said = parser.parse_args()
    judged = judge(found_labels(said.snapshot), people_labels(said.labels, said.image, said.label))
    print(f'{len(judged)} labelled photos, {judged.found.notna().mean():.1%} with a face')
    print(f'agreement, misses counted as wrong: {agreement(judged):.1%}')
    for name, share in recalls(judged).items():
        print(f'  recall of {name}: {share:.1%} of {(judged.truth == name).sum()}')
    sure = judged[judged.abstained.eq(False)]
    print(f'not abstained: {len(sure) / len(judged):.1%}, agreement among them {agreement(sure):.1%}')


def add_labels(parser: argparse.ArgumentParser) -> None:
    """Adds the labels file and the names of its columns."""
    parser.add_argument('labels', metavar='LABELS.csv')
    parser.add_argument('--image', default='image', help="column of the photos' base names (default: image)")
    parser.add_argument('--label', default='emotion', help='column of the labels (default: emotion)')


def people_labels(labels: str, image: str, label: str) -> pandas.DataFrame:
    """A row per labelled photo: name and truth."""
    return pandas.read_csv(labels)[[image, label]].dropna().rename(columns={image: 'name', label: 'truth'})


def found_labels(snapshot: str | Path) -> pandas.DataFrame:
    """A row per photo with a face: uri, name, found (the label of its first face) and abstained."""
    faces = pandas.read_parquet(Path(snapshot, 'labels'), columns=['uri', 'face_index', 'label', 'abstained'])
    first = faces[faces.face_index == 0].rename(columns={'label': 'found'})
    return first.assign(name=first.uri.str.rpartition('/')[2])[['uri', 'name', 'found', 'abstained']]


def judge(found: pandas.DataFrame, truth: pandas.DataFrame) -> pandas.DataFrame:
    """A row per labelled photo: truth, found (null without a face) and abstained."""
    return truth.merge(found[['name', 'found', 'abstained']], on='name', how='left')


def agreement(judged: pandas.DataFrame) -> float:
    """Share of the labelled photos whose label is the people's."""
    return float((judged.found == judged.truth).mean())


def recalls(judged: pandas.DataFrame) -> dict[str, float]:
    """The same of the photos of each class."""
    return {str(name): agreement(some) for name, some in judged.groupby('truth')}


if __name__ == '__main__':
    main()
