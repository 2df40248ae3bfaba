"""Inputs and datasets that more than one file here reads: made once a session, and changed by no test."""

import csv
import shutil
from pathlib import Path

import pandas
import pytest

from tests.diffs import build_into
from tests.generated import make_photos
from tests.real_faces import FACES


@pytest.fixture(scope='session')
def faces(fer2013_dir, tmp_path_factory):
    """Some of FER2013's PublicTest, and a file that is no image."""
    folder = tmp_path_factory.mktemp('faces')
    for path in sorted(fer2013_dir.rglob('*.png'), key=lambda path: path.name)[:FACES]:
        target = folder / path.relative_to(fer2013_dir)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    (folder / 'notes.txt').write_text('no photo')
    return folder


@pytest.fixture(scope='session')
def labels(labels_dir, faces, tmp_path_factory):
    """The faces' rows of FER+, one of a face that is not there, and one with votes that are no numbers."""
    names = {path.name for path in faces.rglob('*.png')}
    with open(labels_dir / 'fer2013-labels.csv', newline='') as file:
        rows = [row for row in csv.DictReader(file) if row['image'] in names]
    rows[0] = rows[0] | {'ferplus_anger': 'many'}
    rows[1] = rows[1] | {'usage': 'PrivateTest', 'ferplus_neutral': '10'} | {name: '0' for name in rows[1] if name[8:] in ('unknown', 'nf')}
    rows.append(rows[2] | {'image': 'fer9999999.png'})
    path = tmp_path_factory.mktemp('labels') / 'labels.csv'
    pandas.DataFrame(rows).to_csv(path, index=False)
    return path


@pytest.fixture(scope='session')
def classes(tmp_path_factory):
    """Two class folders of 20 photos each."""
    folder = tmp_path_factory.mktemp('classes')
    for seed, name in enumerate(('anger', 'happiness')):
        make_photos(folder / 'in' / name, 20, size=48, seed=seed)
    return folder / 'in'


@pytest.fixture(scope='session')
def dataset(classes):
    """The dataset of `classes`, in four shards."""
    return build_into(classes.parent / 'dataset', classes, shards=4)


@pytest.fixture(scope='session')
def facts(tmp_path_factory):
    """Of the dataset in tests/small_dataset.py."""
    from tests.small_dataset import write_dataset  # imports TensorFlow, which takes seconds that few files here need to wait

    return write_dataset(tmp_path_factory.mktemp('readers'))


@pytest.fixture
def folder(facts):
    return Path(facts.folder)
