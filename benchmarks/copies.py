"""What copies of evaluated faces among the others are worth: how many there are, and what a model that knew these by heart would reach.

    python -m benchmarks.copies DATASET [--model NAME|DIR] [--split test]

DATASET is what `mien build` wrote, which lets no picture stand in two splits; most figures of others are of models that learned the copies.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas

from mien.models.package import find
from mien.models.predictor import Predictor
from mien.transforms.tables import from_png

AT_ONCE = 4096  # faces


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('dataset')
    parser.add_argument('--model', default='default', help='whose accuracy is asked (default: default)')
    parser.add_argument('--split', default='test', help='which faces (default: test)')
    said = parser.parse_args()
    faces = examples(said.dataset, said.split)
    faces = faces.merge(copied(said.dataset, said.split), on='face_id', how='left')
    if faces.copy_label.isna().all():
        parser.error(f'no {said.split} face of {said.dataset!r} has a copy in another split')
    has_copy, right = faces.copy_label.notna(), found(faces, said.model) == faces.label_name
    agreeing = (faces.copy_label == faces.label_name)[has_copy].mean()
    by_heart = has_copy.mean() * agreeing + (~has_copy).mean() * right[~has_copy].mean()
    print(f'{has_copy.sum():,} of {len(faces):,} {said.split} faces have copies in other splits, {agreeing:.1%} of them with its label')
    with_copies, without = right[has_copy].mean(), right[~has_copy].mean()
    print(f'{said.model}: right about {right.mean():.2%}, {with_copies:.2%} of those with copies and {without:.2%} of the others')
    print(f'with the copies known by heart: {by_heart:.2%}')


def examples(dataset: str, split: str) -> pandas.DataFrame:
    """A row per example of a split: face_id, label_name and its crop as PNG."""
    return pandas.read_parquet(Path(dataset, 'examples'), columns=['face_id', 'label_name', 'image'], filters=[('split', '==', split)])


def copied(dataset: str, split: str) -> pandas.DataFrame:
    """A row per face of a split that has copies elsewhere: face_id, and the commonest label of these, by name where several are."""
    groups = pandas.read_parquet(Path(dataset, 'duplicates'), columns=['face_id', 'group_id', 'split', 'label_name'])
    here, elsewhere = groups[groups.split == split], groups[groups.split != split]
    labels = elsewhere.groupby('group_id').label_name.agg(lambda names: names.mode()[0]).rename('copy_label')
    return here.merge(labels, on='group_id')[['face_id', 'copy_label']]


def found(faces: pandas.DataFrame, model: str) -> np.ndarray:
    """The labels that a model gives."""
    package = find(model)
    predictor = Predictor(package)
    parts = [faces.image[start : start + AT_ONCE] for start in range(0, len(faces), AT_ONCE)]
    places = [predictor.predict(np.stack([from_png(png) for png in part])).argmax(1) for part in parts]
    return np.array(package.classes)[np.concatenate(places)]


if __name__ == '__main__':
    main()
