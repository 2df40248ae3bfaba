"""What labels of photos hang on: how many stay when the photos are changed, how right they are then, and how wide the crops should be.

    python -m benchmarks.robustness FOLDER LABELS.csv [--model NAME|DIR] [--crop-scales 0.8,0.9,1.0,1.1,1.25]
        [--expect-stay SHARE] [--expect-agreement SHARE] [--expect-recall CLASS=SHARE ...]

Each row is a run of `mien label`. A photo's label is that of its face of the highest detection score. Stay: of the photos that have a face
as they are, the share whose label is the same in this run; a face that is lost counts as changed. Agreement and recall are with the
people's labels, faces that were not found counted as wrong. A crop scale stands in for the model package's own. Exit status 1 where a
change leaves fewer labels than expected, or the photos as they are agree less than expected.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import pandas

from mien.models.evaluation.robustness import BRIGHTER, JPEG_QUALITY, brightened, mirrored
from mien.models.package import ModelPackage, find

from .agreement import add_labels, agreement, found_labels, judge, people_labels, recalls
from .compare import label_command, photos


@dataclass(frozen=True)
class Row:
    """What came of a run of `mien label`.

    Attributes:
        stay: share of the photos with a face as they are that keep their label.
        agreement: with the people's labels. recalls: the same, by class.
    """

    name: str
    stay: float
    agreement: float
    recalls: dict[str, float]


def main() -> None:
    said = _arguments()
    with tempfile.TemporaryDirectory() as made:
        scratch, folder, package = Path(made), Path(said.folder), find(said.model)
        truth = people_labels(said.labels, said.image, said.label)
        before = labelled(folder, package.folder, scratch / 'as-they-are')
        classes = recalls(judge(before, truth))
        print(f'{len(truth)} labelled photos; {package.id}, crops {package.crop}')
        print(f'{"":24}{"stay":>10}{"agreement":>10}{"".join(f"{name:>10}" for name in classes)}')
        first = _row('as they are', before, before, truth)
        changes = [_row(name, found, before, truth) for name, found in _changed(folder, package, scratch)]
        for name, found in _rescaled(folder, package, said.crop_scales, scratch):
            _row(name, found, before, truth)
    missed = shortfalls(first, changes, said.expect_stay, said.expect_agreement, dict(said.expect_recall))
    for line in missed:
        print(line)
    raise SystemExit(1 if missed else 0)


def shortfalls(first: Row, changes: list[Row], stay: float, agreement: float, recall: dict[str, float]) -> list[str]:
    """What is less than expected, a line each: labels that stay after each change, and agreement and recall of the photos as they are."""
    found = [(f'labels that stay, {row.name}', row.stay, stay) for row in changes]
    found.append(('agreement', first.agreement, agreement))
    found += [(f'recall of {name}', first.recalls.get(name, 0.0), least) for name, least in recall.items()]
    return [f'{name}: {share:.1%}, expected {least:.1%} or more' for name, share, least in found if not share >= least]


def staying(before: pandas.DataFrame, after: pandas.DataFrame) -> float:
    """Of the photos that have a label before, the share that has the same one after."""
    both = before.merge(after[['uri', 'found']], on='uri', how='left', suffixes=('', '_after'))
    return float((both.found == both.found_after).mean())


def labelled(folder: Path, model: str, out: Path) -> pandas.DataFrame:
    """See `found_labels`, by `mien label`."""
    ended = subprocess.run(label_command(folder, out, '--model', model, '--workers', '2'), capture_output=True, text=True)
    if ended.returncode:
        raise SystemExit(ended.stderr)
    return found_labels(out)


def half_as_large(image: np.ndarray) -> np.ndarray:
    """A photo of half the width and height."""
    return cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)


CHANGES: dict[str, Callable[[np.ndarray], bytes]] = {  # a BGR photo to the file of the changed one
    'mirrored': lambda image: _png(mirrored(image)),
    'scaled to half': lambda image: _png(half_as_large(image)),
    f'brightened by {BRIGHTER - 1:.0%}': lambda image: _png(brightened(image, BRIGHTER)),
    f'JPEG quality {JPEG_QUALITY}': lambda image: cv2.imencode('.jpg', image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1].tobytes(),
}


def _png(image: np.ndarray) -> bytes:
    return cv2.imencode('.png', image)[1].tobytes()


def _changed(folder: Path, package: ModelPackage, scratch: Path) -> Iterator[tuple[str, pandas.DataFrame]]:
    """The labels of the photos after each change. A changed file has the name of its photo, whatever its format."""
    for number, (name, change) in enumerate(CHANGES.items()):
        changed = scratch / f'photos-{number}'
        for path in photos(str(folder)):
            if (image := cv2.imread(str(path))) is not None:
                place = changed / path.relative_to(folder)
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(change(image))
        yield name, labelled(changed, package.folder, scratch / f'changed-{number}')
        shutil.rmtree(changed)


def _rescaled(folder: Path, package: ModelPackage, scales: list[float], scratch: Path) -> Iterator[tuple[str, pandas.DataFrame]]:
    """The labels of the photos with crops of other widths."""
    for scale in scales:
        copy = Path(shutil.copytree(package.folder, scratch / f'package-{scale:g}'))
        replace(package, folder=str(copy), crop=replace(package.crop, scale=scale)).write_manifest()
        yield f'crop scale {scale:g}', labelled(folder, str(copy), scratch / f'scale-{scale:g}')


def _row(name: str, found: pandas.DataFrame, before: pandas.DataFrame, truth: pandas.DataFrame) -> Row:
    judged = judge(found, truth)
    row = Row(name, staying(before, found), agreement(judged), recalls(judged))
    shares = [row.stay, row.agreement, *row.recalls.values()]
    print(f'{name:24}{"".join(f"{share:>10.1%}" for share in shares)}', flush=True)
    return row


def _scales(text: str) -> list[float]:
    return [float(scale) for scale in text.split(',')]


def _least(text: str) -> tuple[str, float]:
    name, _, share = text.partition('=')
    return name, float(share)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('folder', metavar='FOLDER', help='folder of photos')
    add_labels(parser)
    parser.add_argument('--model', default='default')
    parser.add_argument('--crop-scales', type=_scales, default=[], metavar='A,B,...')
    parser.add_argument('--expect-stay', type=float, default=0.0, metavar='SHARE')
    parser.add_argument('--expect-agreement', type=float, default=0.0, metavar='SHARE')
    parser.add_argument('--expect-recall', type=_least, default=[], action='append', metavar='CLASS=SHARE')
    return parser.parse_args()


if __name__ == '__main__':
    main()
