"""How far a snapshot of `mien label` agrees with labels that people gave, faces that were not found counted as wrong.

    python -m benchmarks.agreement SNAPSHOT LABELS.csv [--image COLUMN] [--label COLUMN]

A photo's label is that of its face of the highest detection score. Photos are matched by base name; empty labels are left out.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas


def main() -> None:
    said = _arguments()
    judged = matched(said.snapshot, said.labels, said.image, said.label)
    print(f'{len(judged)} labelled photos, {judged.found.notna().mean():.1%} with a face')
    print(f'agreement, misses counted as wrong: {(judged.found == judged.truth).mean():.1%}')
    for name, some in judged.groupby('truth'):
        print(f'  recall of {name}: {(some.found == name).mean():.1%} of {len(some)}')
    if 'abstained' in judged:
        sure = judged[judged.abstained.eq(False)]
        print(f'not abstained: {len(sure) / len(judged):.1%}, agreement among them {(sure.found == sure.truth).mean():.1%}')


def matched(snapshot: str, labels: str, image: str, label: str) -> pandas.DataFrame:
    """A row per labelled photo: truth, found (null without a face) and abstained."""
    truth = pandas.read_csv(labels)[[image, label]].dropna().rename(columns={image: 'name', label: 'truth'})
    found = pandas.read_parquet(Path(snapshot, 'labels'), columns=['uri', 'face_index', 'label', 'abstained'])
    found = found[found.face_index == 0].rename(columns={'label': 'found'})
    found['name'] = found.uri.str.rpartition('/')[2]
    return truth.merge(found[['name', 'found', 'abstained']], on='name', how='left')


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('snapshot')
    parser.add_argument('labels')
    parser.add_argument('--image', default='image')
    parser.add_argument('--label', default='emotion')
    return parser.parse_args()


if __name__ == '__main__':
    main()
