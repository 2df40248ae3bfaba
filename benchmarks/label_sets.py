"""How often FER2013's own label of a face is the class that most of FER+'s ten annotators give to it, among some classes.

    python -m benchmarks.label_sets fer2013-labels.csv [--classes anger,happiness,sadness,neutral] [--usage PublicTest]

Counted are the faces whose own label is one of the classes. A tie of n classes that include the label counts one nth, which is what a guess
among them would get; a face without a vote for any of the classes is a tie of all.
"""

from __future__ import annotations

import argparse

import pandas

from benchmarks.fer2013_files import EMOTIONS

VOTES = 'ferplus_'  # how the columns of votes begin
CLASSES = ','.join(EMOTIONS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('labels', metavar='LABELS.csv')
    parser.add_argument('--classes', default=CLASSES, help=f'default: {CLASSES}')
    parser.add_argument('--usage', default='PublicTest', help='whose faces: Training or PublicTest (default: PublicTest)')
    said = parser.parse_args()
    classes = said.classes.split(',')
    faces = pandas.read_csv(said.labels)
    if missing := {VOTES + name for name in classes} - set(faces.columns):
        parser.error(f'{said.labels!r} has no column {", ".join(sorted(missing))}; name classes that FER+ has')
    faces = faces[(faces.usage == said.usage) & faces.fer2013_label.isin(classes)]
    if faces.empty:
        parser.error(f'{said.labels!r} has no face of usage {said.usage!r} and of these classes')
    same = agreement(faces, classes)
    print(f'{len(faces):,} faces of {said.usage}, {len(classes)} classes: {same:.2%} have the label that most annotators give')


def agreement(faces: pandas.DataFrame, classes: list[str]) -> float:
    """Share of the faces whose `fer2013_label` has the most votes among these classes; a tie of n counts one nth."""
    votes = faces[[VOTES + name for name in classes]].set_axis(classes, axis=1)
    best = votes.eq(votes.max(axis=1), axis=0)
    right = best & pandas.DataFrame({name: faces.fer2013_label.eq(name) for name in classes})
    return float((right.sum(axis=1) / best.sum(axis=1)).mean())


if __name__ == '__main__':
    main()
