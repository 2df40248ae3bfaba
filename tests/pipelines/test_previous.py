"""`--previous` changes the time, never the bytes (law 3): whatever happened since, the result is that of a full run."""

import dataclasses
import os
import shutil
import time
from pathlib import Path

import pytest

from mien.configs.errors import UsageError
from mien.configs.load import load
from mien.configs.schema import LabelConfig
from mien.models.package import ModelPackage, find
from mien.pipelines.label import label
from mien.pipelines.runners import Run
from tests.snapshots import content, rows

CONFIG = dataclasses.replace(load(LabelConfig, 'label'), shards=4)
HOUR_AGO = time.time() - 3600


@pytest.fixture
def archive(photos_dir, portraits_dir, tmp_path):
    """30 inputs of an hour ago: photos of many faces and of none, portraits, and some that fail."""
    folder = tmp_path / 'archive'
    folder.mkdir()
    for path in [*sorted(photos_dir.glob('*.jpg'))[:4], *sorted(portraits_dir.iterdir())[:22]]:
        shutil.copy(path, folder)
    (folder / 'cut.jpg').write_bytes((photos_dir / 'dogs.jpg').read_bytes()[:9000])
    (folder / 'text.jpg').write_text('no photo')
    (folder / 'empty.jpg').write_bytes(b'')
    (folder / 'gone.jpg').symlink_to(folder / 'nowhere')
    for path in folder.iterdir():
        make_old(path)
    return folder


@pytest.fixture
def night(archive, tmp_path):
    """Labels the archive into a folder of a name, by default as the config says."""

    def run(name, config=CONFIG, **how) -> Path:
        label([str(archive)], str(tmp_path / name), config, Run(**how))
        return tmp_path / name

    return run


def make_old(path: Path) -> None:
    if not path.is_symlink():
        os.utime(path, (HOUR_AGO, HOUR_AGO))


def change(archive: Path) -> None:
    """One photo replaced, one new, one gone, one that could not be read and now can."""
    portraits = sorted(archive.glob('A*.jpg'))
    shutil.copy(portraits[0], portraits[1])
    shutil.copy(portraits[2], archive / 'new.jpg')
    portraits[3].unlink()
    shutil.copy(portraits[4], archive / 'nowhere')


def test_a_night_without_change_links_every_part(night, archive):
    (archive / 'gone.jpg').unlink()  # what is missing is looked for every night
    old = night('old')
    new = night('new', previous=str(old))
    assert content(new) == content(old)
    parts = sorted(old.glob('*/part-*.parquet'))
    assert sum(part.parent.name != 'plan' for part in parts) == 12
    for part in parts:
        assert (new / part.relative_to(old)).samefile(part) == (part.parent.name != 'plan')


@pytest.mark.parametrize('shards', [pytest.param((4, 4), marks=pytest.mark.slow), (2, 8), pytest.param((8, 2), marks=pytest.mark.slow)])
def test_law_3_the_bytes_are_those_of_a_full_run(night, archive, shards):
    before, after = (dataclasses.replace(CONFIG, shards=number) for number in shards)
    old = night('old', before)
    change(archive)
    full = night('full', after)
    assert content(night('new', after, previous=str(old))) == content(full)
    assert content(night('paranoid', after, previous=str(old), paranoid=True)) == content(full)
    assert len(rows(full, 'images')) == 31


def test_what_has_not_changed_is_not_opened_unless_asked(night, archive):
    old = night('old')
    changed = sorted(archive.glob('A*.jpg'))[0]
    changed.write_bytes(b'x' * changed.stat().st_size)
    make_old(changed)  # size and time are as they were: nothing in the listing tells
    assert content(night('new', previous=str(old))) == content(old)
    assert content(night('paranoid', previous=str(old), paranoid=True)) == content(night('full')) != content(old)


@pytest.mark.slow
def test_a_file_as_young_as_the_listing_counts_as_changed(night, archive):
    young = sorted(archive.glob('A*.jpg'))[0]
    now = time.time() + 5  # as if it had changed while the listing ran
    os.utime(young, (now, now))
    old = night('old')
    young.write_bytes(b'x' * young.stat().st_size)
    os.utime(young, (now, now))
    assert content(night('new', previous=str(old))) == content(night('full')) != content(old)


def test_what_the_moment_decided_is_always_tried_again(night, archive):
    old = night('old')
    shutil.copy(sorted(archive.glob('A*.jpg'))[0], archive / 'nowhere')
    statuses = {row['uri']: row['status'] for row in rows(night('new', previous=str(old)), 'images')}
    assert {row['uri']: row['status'] for row in rows(old, 'images')}['gone.jpg'] == 'missing'
    assert statuses['gone.jpg'] == statuses['nowhere'] == 'ok'


@pytest.mark.slow
def test_retry_opens_photos_of_more_statuses(night, archive):
    old = night('old')
    photo = sorted(archive.glob('A*.jpg'))[0].read_bytes()
    (archive / 'text.jpg').write_bytes(photo[:8])  # as long as it was
    make_old(archive / 'text.jpg')
    retried = night('retried', previous=str(old), retry=('not_an_image',))
    assert content(night('new', previous=str(old))) == content(old)
    assert {row['uri']: row['status'] for row in rows(retried, 'images')}['text.jpg'] == 'truncated'


@pytest.fixture
def other_model(tmp_path):
    """The default package with another line in its description."""

    def make(name, **changes) -> LabelConfig:
        folder = tmp_path / name
        shutil.copytree(find('default').folder, folder)
        package = ModelPackage.load(folder)
        crop = dataclasses.replace(package.crop, **changes.pop('crop', {}))
        dataclasses.replace(package, name=name, crop=crop, **changes).write_manifest()
        return dataclasses.replace(CONFIG, model=str(folder))

    return make


@pytest.mark.parametrize('crops', [pytest.param(False, marks=pytest.mark.slow), True])
@pytest.mark.parametrize('crop', [pytest.param({}, marks=pytest.mark.slow), {'template': 'arcface-112'}])
def test_a_new_model_on_last_nights_faces_labels_as_if_it_had_found_them(night, archive, other_model, crop, crops):
    old = night('old', dataclasses.replace(CONFIG, crops=crops))
    change(archive)
    config = other_model('another', crop=crop)
    full = night('full', config)
    assert content(night('new', config, previous=str(old))) == content(full)
    assert {row['model'] for row in rows(full, 'labels')} == {find(config.model).id} != {row['model'] for row in rows(old, 'labels')}


@pytest.mark.slow
def test_kept_crops_spare_the_photo(night, archive, other_model):
    old = night('old', dataclasses.replace(CONFIG, crops=True))
    config = other_model('another')
    full = night('full', config)
    for path in archive.glob('A*.jpg'):
        path.write_bytes(b'x' * path.stat().st_size)  # nobody looks
        make_old(path)
    assert content(night('new', config, previous=str(old))) == content(full)


@pytest.mark.slow
@pytest.mark.parametrize(('before', 'after'), [(False, True), (True, False)])
def test_crops_may_be_asked_for_or_not(night, before, after):
    old = night('old', dataclasses.replace(CONFIG, crops=before))
    config = dataclasses.replace(CONFIG, crops=after)
    assert content(night('new', config, previous=str(old))) == content(night('full', config))


@pytest.mark.slow
def test_whole_images_are_taken_over_too(night, archive, other_model):
    old = night('old', dataclasses.replace(CONFIG, whole_image=True))
    change(archive)
    config = dataclasses.replace(other_model('another', crop={'template': 'arcface-112'}), whole_image=True)
    assert content(night('new', config, previous=str(old))) == content(night('full', config))


@pytest.mark.parametrize(
    ('changes', 'said'),
    [
        ({'smallest_face': 0.05}, 'smallest_face: 0.025 -> 0.05'),
        ({'min_score': 0.9}, 'min_score: 0.7 -> 0.9'),
        ({'whole_image': True}, 'whole_image: False -> True'),
        ({'max_pixels': 1000}, 'max_pixels: 128000000 -> 1000'),
    ],
)
def test_a_snapshot_that_was_made_in_another_way_is_refused(night, tmp_path, changes, said):
    old = night('old')
    with pytest.raises(UsageError, match=said):
        night('new', dataclasses.replace(CONFIG, **changes), previous=str(old))
    assert not list(tmp_path.glob('new*'))


@pytest.mark.parametrize(
    ('name', 'said'),
    [
        ('labels/part-00002-of-00004.parquet', 'labels/part-00002-of-00004.parquet has changed'),
        ('plan/part-00001-of-00004.parquet', 'plan/part-00001-of-00004.parquet is no Parquet file'),
        ('snapshot.json', 'snapshot.json is no JSON'),
        ('plan/listed.json', 'plan/listed.json cannot be read or says no began_ns'),
    ],
)
def test_of_a_damaged_night_nothing_is_taken(night, tmp_path, name, said):
    damaged = night('old') / name
    damaged.write_bytes(damaged.read_bytes()[:-9])
    with pytest.raises(UsageError, match=said):
        night('new', previous=str(tmp_path / 'old'))
    assert not list(tmp_path.glob('new*'))


def test_what_is_no_snapshot_is_refused(night, tmp_path):
    (tmp_path / 'empty').mkdir()
    for folder in ('nowhere', 'empty'):
        with pytest.raises(UsageError, match=folder):
            night('new', previous=str(tmp_path / folder))
    with pytest.raises(UsageError, match="--retry 'blurred': no status"):
        night('new', previous=str(night('old')), retry=('blurred',))
    with pytest.raises(UsageError, match='say --previous DIR as well'):
        Run(paranoid=True)
