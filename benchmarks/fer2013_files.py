"""FER2013 as the shipped configs expect it: two folders of PNGs and a file of labels, from its own CSV of pixels and FER+'s CSV of votes.

    python -m benchmarks.fer2013_files fer2013.csv fer2013new.csv --out FOLDER

Writes FOLDER/fer2013-training, FOLDER/fer2013-public-test and FOLDER/fer2013-labels.csv. The rows of both files are of the same pictures in
the same order. Pictures that FER+ gives no name, because they show no face, and those of PrivateTest are left out.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

import cv2
import numpy as np

FOLDERS = {'Training': 'fer2013-training', 'PublicTest': 'fer2013-public-test'}
EMOTIONS = ('anger', 'disgust', 'fear', 'happiness', 'sadness', 'surprise', 'neutral')  # by their number in fer2013.csv
VOTES = ('neutral', 'happiness', 'surprise', 'sadness', 'anger', 'disgust', 'fear', 'contempt', 'unknown', 'NF')
SIDE = 48


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('pixels', help='fer2013.csv: emotion, pixels, Usage')
    parser.add_argument('votes', help='fer2013new.csv: Usage, Image name, and a column of votes for each class')
    parser.add_argument('--out', required=True, help='new folder')
    said = parser.parse_args()
    out = Path(said.out)
    if out.exists():
        parser.error(f'--out {said.out!r} exists; name a new folder')
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out.parent) as scratch:
            counts = convert(Path(said.pixels), Path(said.votes), Path(scratch, 'made'))
            Path(scratch, 'made').rename(out)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    print(', '.join(f'{count:,} of {usage}' for usage, count in counts.items()))


def convert(pixels: Path, votes: Path, out: Path) -> dict[str, int]:
    """Writes folders and labels, and says how many pictures of each set there are.

    Raises:
        ValueError: the files are not of the same pictures, or are no such files.
    """
    counts = dict.fromkeys(FOLDERS, 0)
    for folder in FOLDERS.values():
        (out / folder).mkdir(parents=True)
    with open(out / 'fer2013-labels.csv', 'w', newline='') as file:
        table = csv.writer(file, lineterminator='\n')
        table.writerow(['image', 'usage', 'fer2013_label', *(f'ferplus_{name.lower()}' for name in VOTES)])
        for picture, voted in _both(pixels, votes):
            usage, name = picture['Usage'], voted['Image name'].strip()
            if name and usage in FOLDERS:
                _write(out / FOLDERS[usage] / name, picture['pixels'])
                table.writerow([name, usage, EMOTIONS[int(picture['emotion'])], *(int(voted[vote]) for vote in VOTES)])
                counts[usage] += 1
    return counts


def _both(pixels: Path, votes: Path) -> Iterator[tuple[dict[str, str], dict[str, str]]]:
    """The rows of both files, side by side."""
    with open(pixels, newline='') as left, open(votes, newline='') as right:
        pictures, voted = csv.DictReader(left), csv.DictReader(right)
        for path, rows, names in ((pixels, pictures, {'emotion', 'pixels', 'Usage'}), (votes, voted, {'Usage', 'Image name', *VOTES})):
            if missing := names - set(rows.fieldnames or ()):
                raise ValueError(f'{path}: has no column {", ".join(sorted(missing))}')
        for number, (picture, vote) in enumerate(zip_longest(pictures, voted), 1):
            if not picture or not vote or picture['Usage'] != vote['Usage']:
                raise ValueError(f'row {number} of {pixels} and {votes}: not the same picture')
            yield picture, vote


def _write(path: Path, pixels: str) -> None:
    grey = np.array(pixels.split(), np.uint8)
    if grey.size != SIDE * SIDE:
        raise ValueError(f'{path.name}: has {grey.size:,} pixels, not {SIDE}x{SIDE}')
    path.write_bytes(cv2.imencode('.png', grey.reshape(SIDE, SIDE))[1].tobytes())


if __name__ == '__main__':
    main()
