"""What `mien build` decides about all examples together, on real faces: duplicates, subjects, balance; nothing crosses splits."""

import dataclasses
import hashlib
import json
import random
from collections import Counter, defaultdict
from pathlib import Path

import cv2
import numpy as np
import pandas
import pytest

from mien.configs.errors import JobFailed
from mien.configs.load import load
from mien.configs.schema import BuildConfig
from mien.pipelines.build import build
from mien.pipelines.runners import Run
from mien.pipelines.verify import verify
from mien.transforms.balance import place
from tests.snapshots import rows

CONFIG = dataclasses.replace(
    load(BuildConfig, 'build'), whole_image=True, split_column='split', subject_column='subject', shards=4, crop_template='fer2013'
)


@pytest.fixture(scope='module')
def faces(fer2013_dir) -> list[Path]:
    """120 faces of two classes, all of different pixels."""
    paths = sorted(path for name in ('anger', 'happiness') for path in (fer2013_dir / 'public_test' / name).iterdir())
    different = {path.read_bytes(): path for path in paths}
    by_class = defaultdict(list)
    for path in sorted(different.values()):
        by_class[path.parent.name].append(path)
    return [path for name in ('anger', 'happiness') for path in by_class[name][:60]]


class Archive:
    """A folder of faces and its labels file."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.labels, self.said = folder / 'photos', folder / 'labels.csv', []
        self.folder.mkdir()

    def add(self, name: str, image: bytes, label: str, split: str = '', subject: str = '') -> None:
        (self.folder / name).write_bytes(image)
        self.said.append({'image': name, 'label': label, 'split': split, 'subject': subject})

    def build(self, out: str, config: BuildConfig = CONFIG, **how: object) -> Path:
        pandas.DataFrame(self.said).to_csv(self.labels, index=False)
        path = self.folder.parent / out
        build([str(self.folder)], str(path), dataclasses.replace(config, labels=(str(self.labels),)), Run(**how))
        return path


@pytest.fixture
def archive(tmp_path):
    return Archive(tmp_path)


def brighter(path: Path, by: int = 6) -> bytes:
    """The same picture, a little brighter: other pixels."""
    image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    return cv2.imencode('.png', np.clip(image.astype(int) + by, 0, 255).astype(np.uint8))[1].tobytes()


def reasons(dataset: Path) -> dict[str, str]:
    return {row['uri']: row['reason'] for row in rows(dataset, 'rejects')}


def test_of_duplicates_in_train_one_stays_and_evaluation_is_never_thinned(archive, faces):
    one, two, three = (path.read_bytes() for path in faces[:3])
    for name in ('a.png', 'b.png', 'c.png'):
        archive.add(name, one, 'anger', 'train')
    archive.add('d.png', brighter(faces[0]), 'happiness', 'train')
    for split, image in (('test', two), ('validation', three)):
        for number in range(2):
            archive.add(f'{split}{number}.png', image, 'anger', split)
    out = archive.build('out')
    assert Counter(row['split'] for row in rows(out, 'examples')) == {'train': 1, 'test': 2, 'validation': 2}
    (kept,) = (row for row in rows(out, 'examples') if row['split'] == 'train')
    ids = [row['face_id'] for row in rows(out, 'faces') if row['uri'] in ('a.png', 'b.png', 'c.png', 'd.png')]
    assert kept['face_id'] == kept['group_id'] == min(ids)
    assert set(reasons(out).values()) == {'duplicate'}
    details = [row['detail'] for row in rows(out, 'rejects')]
    assert all(kept['face_id'] in detail for detail in details)
    assert sum('labelled' in detail for detail in details) == (3 if kept['uri'] == 'd.png' else 1)  # conflicting labels are said
    duplicates = rows(out, 'duplicates')
    assert len(duplicates) == 8
    assert len({row['group_id'] for row in duplicates}) == 3
    assert len({row['pixels'] for row in duplicates}) == 4
    assert sum(row['reason'] is None for row in duplicates) == 5


@pytest.mark.slow
def test_all_may_be_kept_but_what_crosses_splits_leaves(archive, faces):
    one, two = (path.read_bytes() for path in faces[:2])
    for name in ('a.png', 'b.png'):
        archive.add(name, one, 'anger', 'train')
    for split in ('train', 'validation', 'test'):
        archive.add(f'{split}.png', two, 'anger', split)
    out = archive.build('out', dataclasses.replace(CONFIG, duplicates='all'))
    assert {row['uri'] for row in rows(out, 'examples')} == {'a.png', 'b.png', 'test.png'}
    assert reasons(out) == {'train.png': 'duplicates_cross_splits', 'validation.png': 'duplicates_cross_splits'}


@pytest.mark.slow
def test_near_duplicates_are_not_sought_where_not_asked(archive, faces):
    archive.add('a.png', faces[0].read_bytes(), 'anger', 'train')
    archive.add('b.png', brighter(faces[0]), 'anger', 'test')
    out = archive.build('out', dataclasses.replace(CONFIG, duplicate_bits=None))
    assert len(rows(out, 'examples')) == 2
    assert rows(out, 'duplicates') == []


@pytest.mark.slow
def test_too_large_a_group_is_none_and_that_is_said_aloud(archive, faces, capsys):
    """Four pictures that are alike, one of them twice, where two may be."""
    for number in range(4):
        archive.add(f'{number}.png', brighter(faces[0], 4 * number), 'anger', 'train')
    archive.add('4.png', brighter(faces[0], 0), 'anger', 'train')
    out = archive.build('out', dataclasses.replace(CONFIG, largest_group=2))
    assert 'mien: 1 groups of more than 2 different faces, 4 in all, seem to be one picture each' in capsys.readouterr().err
    assert list(reasons(out).values()) == ['duplicate']
    assert {row['uri'] for row in rows(out, 'duplicates')} == {'0.png', '4.png'}
    assert json.loads((out / 'snapshot.json').read_text())['duplicates']['too_large'] == {'groups': 1, 'faces': 4}
    assert 'Such groups: 1, of 4 faces.' in (out / 'README.md').read_text()


@pytest.mark.parametrize('seed', [0, pytest.param(1, marks=pytest.mark.slow)])
def test_no_subject_no_group_and_no_picture_stands_in_two_splits(archive, faces, seed):
    """Splits and subjects by chance, and copies of everything."""
    chance = random.Random(seed)
    for number, path in enumerate(faces):
        for copy, image in enumerate((path.read_bytes(), brighter(path))[: chance.randint(1, 2)]):
            split = chance.choice(('train', 'train', 'validation', 'test'))
            archive.add(f'{number}-{copy}.png', image, path.parent.name, split, chance.choice(('', f'subject {number % 37}')))
    out = archive.build('out')
    examples = rows(out, 'examples')
    for key in ('subject', 'group_id', 'image'):
        splits = defaultdict(set)
        for row in examples:
            splits[row[key]].add(row['split'])
        splits.pop(None, None)
        assert max(map(len, splits.values())) == 1
    assert {'subject_crosses_splits', 'duplicates_cross_splits'} <= set(reasons(out).values())
    assert len(examples) + len(rows(out, 'rejects')) == len(archive.said)
    assert verify(str(out)).findings == []


@pytest.mark.slow
def test_a_subject_with_two_splits_leaves_training(archive, faces):
    for split in ('train', 'test'):
        archive.add(f'ada-{split}.png', faces.pop().read_bytes(), 'anger', split, 'Ada')
    archive.add('eve.png', faces.pop().read_bytes(), 'anger', 'train', 'Eve')
    out = archive.build('out')
    (reject,) = rows(out, 'rejects')
    assert (reject['uri'], reject['reason'], reject['detail']) == ('ada-train.png', 'subject_crosses_splits', 'Ada is in train, test')
    assert reject['face_id'] is not None


@pytest.mark.slow
def test_adding_photos_never_moves_old_ones(archive, faces):
    config = dataclasses.replace(CONFIG, split_column=None)
    for number, path in enumerate(faces[:60]):
        archive.add(f'{number}.png', path.read_bytes(), path.parent.name, subject='' if number % 2 else f'subject {number % 20}')
    before = {row['face_id']: row['split'] for row in rows(archive.build('before', config), 'examples')}
    for number, path in enumerate(faces, 60):  # the first of them once more
        archive.add(f'{number}.png', brighter(path) if number % 3 else path.read_bytes(), path.parent.name)
    after = {row['face_id']: row['split'] for row in rows(archive.build('after', config), 'examples')}
    assert len(set(before.values())) == 3
    assert all(after[face] == split for face, split in before.items() if face in after)
    assert len(after) > len(before)


@pytest.mark.slow
def test_classes_are_balanced_by_a_stable_hash(archive, faces):
    for number, path in enumerate(faces):
        archive.add(f'{number}.png', path.read_bytes(), path.parent.name, 'train' if number % 4 else 'test')
    config = dataclasses.replace(CONFIG, validation_share=0.0, duplicate_bits=None)
    everything = rows(archive.build('all', config), 'examples')
    balanced = rows(archive.build('balanced', dataclasses.replace(config, per_class=10)), 'examples')
    assert Counter((row['split'], row['label_name']) for row in balanced) == {
        ('train', 'anger'): 10,
        ('train', 'happiness'): 10,
        ('test', 'anger'): 15,
        ('test', 'happiness'): 15,
    }
    for name in ('anger', 'happiness'):
        ids = [row['face_id'] for row in everything if (row['split'], row['label_name']) == ('train', name)]
        first = sorted(ids, key=lambda one: hashlib.sha256(f'mien balance 1\0{one}'.encode()).hexdigest())[:10]
        assert {row['face_id'] for row in balanced if (row['split'], row['label_name']) == ('train', name)} == set(first)
    assert set(reasons(archive.folder.parent / 'balanced').values()) == {'class_is_full'}
    assert place('x') == hashlib.sha256(b'mien balance 1\0x').hexdigest()[:16]


@pytest.mark.slow
def test_labels_that_do_not_fit_fail_the_job_over_a_ceiling(archive, faces, tmp_path):
    for number, path in enumerate(faces[:20]):
        archive.add(f'{number}.png', path.read_bytes(), 'anger' if number % 2 else 'bliss', 'train')
    with pytest.raises(
        JobFailed,
        match=r'10 of 20 labels .* more than the ceiling of 40% \(.*unknown_label 10: .* is no class of this dataset; say what they mean',
    ):
        archive.build('out', dataclasses.replace(CONFIG, reject_ceiling=0.4))
    assert not (tmp_path / 'out').exists()
    done = {path: path.stat().st_mtime_ns for path in (tmp_path / 'out.partial').glob('faces/*')}
    out = archive.build('out', dataclasses.replace(CONFIG, reject_ceiling=0.5))
    assert len(rows(out, 'examples')) == 10
    assert {path.relative_to(tmp_path / 'out.partial'): at for path, at in done.items()} == {
        path.relative_to(out): path.stat().st_mtime_ns for path in out.glob('faces/*')
    }
