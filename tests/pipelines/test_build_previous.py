"""`mien build --previous`: the bytes are a full build's, whatever has changed since, and what is known is not looked at again."""

import dataclasses
import os
import shutil
import time
from collections import Counter
from pathlib import Path

import pandas
import pytest

from mien.configs.errors import UsageError
from mien.configs.load import load
from mien.configs.schema import BuildConfig
from mien.pipelines.build import build
from mien.pipelines.runners import Run
from tests.snapshots import content, rows

HOUR_AGO = time.time() - 3600
CONFIG = dataclasses.replace(load(BuildConfig, 'build', 'portraits'), shards=4, crop_size=32)


class Nights:
    """Portraits of an hour ago, and builds of them."""

    def __init__(self, folder: Path, labels: pandas.DataFrame, old: Path) -> None:
        self.folder, self.labels, self.old = folder, labels, old
        self.photos = folder / 'photos'

    def build(self, name: str, config: BuildConfig = CONFIG, **how: object) -> Path:
        path = self.folder / 'labels.csv'
        self.labels.to_csv(path, index=False)
        build([str(self.photos)], str(self.folder / name), dataclasses.replace(config, labels=(str(path),)), Run(**how))
        return self.folder / name


@pytest.fixture(scope='module')
def last_night(portraits_dir, labels_dir, tmp_path_factory) -> Nights:
    labels = pandas.read_csv(labels_dir / 'portraits-labels.csv', dtype=str, keep_default_na=False)
    portraits = sorted(portraits_dir.iterdir())[:40]
    folder = tmp_path_factory.mktemp('night')
    nights = Nights(folder, labels[labels['image'].isin([path.name for path in portraits])], folder / 'old')
    nights.photos.mkdir()
    for path in portraits:
        shutil.copy(path, nights.photos)
    (nights.photos / 'cut.jpg').write_bytes(portraits[0].read_bytes()[:3000])
    for path in nights.photos.iterdir():
        os.utime(path, (HOUR_AGO, HOUR_AGO))
    nights.build('old')
    return nights


@pytest.fixture
def nights(last_night, tmp_path) -> Nights:
    """The same photos, with their times, to be changed; `old` is last night's build."""
    shutil.copytree(last_night.photos, tmp_path / 'photos')
    return Nights(tmp_path, last_night.labels.copy(), last_night.old)


def hide(photos: Path) -> None:
    """Photos of the same size and time, and of no content: whoever opens one notices."""
    for path in photos.iterdir():
        size, at = path.stat().st_size, path.stat().st_mtime_ns
        path.write_bytes(bytes(size))
        os.utime(path, ns=(at, at))


def test_without_change_every_file_gets_a_second_place(nights):
    hide(nights.photos)
    new = nights.build('new', previous=str(nights.old))
    assert content(new) == content(nights.old)
    old = nights.old
    files = [path.relative_to(old) for path in old.rglob('*') if path.is_file() and path.relative_to(old).parts[0] != 'plan']
    linked = Counter((new / path).samefile(old / path) for path in files)
    assert linked == {True: len(files) - 2, False: 2}  # snapshot.json and run.json


def test_law_3_after_any_change(nights):
    """Labels changed, a photo replaced, one new, one gone, another number of shards."""
    paths = sorted(nights.photos.glob('*.jpg'))
    shutil.copy(paths[0], paths[1])
    shutil.copy(paths[2], nights.photos / 'new.jpg')
    paths[3].unlink()
    nights.labels.loc[nights.labels.index[5:9], 'emotion'] = 'surprise'
    config = dataclasses.replace(CONFIG, shards=2)
    full = nights.build('full', config)
    assert content(nights.build('new', config, previous=str(nights.old))) == content(full)
    assert content(full) != content(nights.old)


@pytest.mark.slow
def test_new_labels_and_another_policy_need_no_photo(nights):
    nights.labels['emotion'] = nights.labels['emotion'].replace('neutral', 'calm')
    config = dataclasses.replace(
        CONFIG, label_map={'calm': 'neutral'}, validation_share=0.3, min_sharpness=60.0, classes=('neutral', 'happiness')
    )
    full = nights.build('full', config)
    hide(nights.photos)
    new = nights.build('new', config, previous=str(nights.old))
    assert content(new) == content(full)
    assert {row['reason'] for row in rows(new, 'rejects')} > {'blurred', 'other_class', 'truncated'}


@pytest.mark.slow
def test_another_crop_cuts_the_known_faces_again(nights):
    config = dataclasses.replace(CONFIG, crop_size=48, crop_channels=3)
    assert content(nights.build('new', config, previous=str(nights.old))) == content(nights.build('full', config))


def test_faces_that_were_found_in_another_way_are_refused(nights):
    with pytest.raises(UsageError, match=r'min_score: 0\.7 -> 0\.9'):
        nights.build('new', dataclasses.replace(CONFIG, min_score=0.9), previous=str(nights.old))
    assert not (nights.folder / 'new').exists()
    assert not (nights.folder / 'new.partial').exists()


@pytest.mark.slow
@pytest.mark.parametrize('given', ['{}/*.jpg', '{}', '{}/A1.jpg'])
def test_photos_of_a_renamed_folder_have_its_new_name_for_a_label(portraits_dir, tmp_path, given):
    """No uri says it, where the INPUT is that folder, a glob below it or a photo in it."""
    config = dataclasses.replace(CONFIG, labels=(), subject_column=None, classes=('anger', 'fear'), reject_ceiling=1.0)
    (tmp_path / 'anger').mkdir()
    for number, path in enumerate(sorted(portraits_dir.iterdir())[:3]):
        shutil.copy(path, tmp_path / 'anger' / f'A{number}.jpg')
        os.utime(tmp_path / 'anger' / f'A{number}.jpg', (HOUR_AGO, HOUR_AGO))
    build([str(tmp_path / given.format('anger'))], str(tmp_path / 'old'), config, Run())
    (tmp_path / 'anger').rename(tmp_path / 'fear')
    build([str(tmp_path / given.format('fear'))], str(tmp_path / 'new'), config, Run(previous=str(tmp_path / 'old')))
    build([str(tmp_path / given.format('fear'))], str(tmp_path / 'full'), config, Run())
    assert {row['label_name'] for row in rows(tmp_path / 'new', 'examples')} == {'fear'}
    assert content(tmp_path / 'new') == content(tmp_path / 'full')
