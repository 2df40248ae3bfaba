"""`mien label` over folders, archives, tables and lists in one call: a photo's rows are the same, whatever it came in."""

import dataclasses
import os
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mien.pipelines.demo import FACES, package_folder
from mien.pipelines.label import label
from mien.pipelines.runners import Run
from tests.archives import CONFIG, make_hugging_face, make_img2dataset, make_tar, make_zip, outcomes
from tests.generated import make_photos
from tests.snapshots import content, rows

ONE = dataclasses.replace(CONFIG, shards=1, failure_ceiling=1.0)
WHOLE = dataclasses.replace(ONE, whole_image=True)  # every photo has a face, and quickly
PREFIXES = {
    'photos': 'photos/',
    'x.tar': 'x.tar!/',
    'x.tar.gz': 'x.tar.gz!/',
    'x.zip': 'x.zip!/',
    'hf.parquet': 'hf.parquet/',
    'i.parquet': 'i.parquet/',
    'list.txt': 'list.txt/photos/',
    'list.csv': 'table/photos/',
}
OWN = ('uri', 'image_id', 'face_id')
HOUR_AGO = time.time() - 3600


@pytest.fixture(scope='module')
def members(tmp_path_factory):
    """Photos with faces and without, and some that are none."""
    folder = make_photos(tmp_path_factory.mktemp('photos') / 'made', 2)
    photos = {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
    faces = {Path(name).name: (package_folder(package) / name).read_bytes() for package, names in FACES.items() for name in names}
    photo = photos['0000.jpg']
    return (
        photos | faces | {'cut.jpg': photo[:900], 'notes': b'text', 'none.jpg': b'', 'ä b%.jpg': photo, 'inner.zip': b'PK\3\4' + bytes(60)}
    )


def make_all(folder: Path, members: dict[str, bytes]) -> list[str]:
    (folder / 'photos').mkdir()
    for name, data in members.items():
        (folder / 'photos' / name).write_bytes(data)
    for name in ('x.tar', 'x.tar.gz'):
        make_tar(folder / name, members)
    make_zip(folder / 'x.zip', members)
    make_hugging_face(folder / 'hf.parquet', members, row_group_size=3)
    make_img2dataset(folder / 'i.parquet', members)
    (folder / 'list.txt').write_text('\n'.join(f'photos/{name}' for name in members))
    (folder / 'list.csv').write_text('\n'.join(['number,path', *(f'1,photos/{name}' for name in members)]))
    return [str(folder / name) for name in PREFIXES if name != 'list.csv'] + [f'table={folder / "list.csv"}']


def by_prefix(snapshot: Path, table: str) -> dict[str, list[tuple[str, dict]]]:
    """Rows by what their uris begin with: the rest of the uri, and what is the photo's own."""
    found = {prefix: [] for prefix in PREFIXES.values()}
    for row in rows(snapshot, table):
        (prefix,) = (prefix for prefix in found if row['uri'].startswith(prefix))
        found[prefix].append((row['uri'].removeprefix(prefix), {key: row[key] for key in row if key not in OWN}))
    return {prefix: sorted(some, key=repr) for prefix, some in found.items()}


@pytest.fixture(scope='module')
def mixed(members, tmp_path_factory):
    """The INPUTs and their snapshot."""
    folder = tmp_path_factory.mktemp('mixed')
    inputs = make_all(folder, members)
    label(inputs, str(folder / 'out'), ONE, Run())
    return inputs, folder / 'out'


def test_a_photos_rows_are_the_same_whatever_it_came_in(members, mixed):
    _, snapshot = mixed
    for table in ('images', 'faces', 'labels'):
        alone, *others = by_prefix(snapshot, table).values()
        assert len(alone) >= (len(members) if table == 'images' else 1)
        for other in others:
            assert other == alone
    statuses = {uri: row['status'] for uri, row in by_prefix(snapshot, 'images')['x.tar!/']}
    assert {statuses[path] for path in ('0000.jpg', 'ä b%25.jpg')} == {'no_face'}
    assert statuses['cut.jpg'] == 'truncated'
    assert statuses['none.jpg'] == 'empty'
    assert statuses['inner.zip'] == statuses['notes'] == 'not_an_image'
    assert 'ok' in statuses.values()


def test_the_number_of_shards_and_workers_changes_no_row(mixed, tmp_path):
    inputs, one = mixed
    label(inputs, str(tmp_path / 'out'), dataclasses.replace(ONE, shards=4), Run(workers=2))
    for table in ('images', 'faces', 'labels'):
        assert sorted(rows(tmp_path / 'out', table), key=repr) == sorted(rows(one, table), key=repr)


def test_a_broken_archive_that_a_glob_matches_is_one_row(members, tmp_path):
    make_tar(tmp_path / 'x.tar', members)
    whole = make_zip(tmp_path / 'x.zip', members).read_bytes()
    (tmp_path / 'z.zip').write_bytes(whole[:-30])
    (tmp_path / 'z.tar').write_bytes(bytes(257) + b'ustar' + b'x' * 400)
    label([str(tmp_path / '*.*')], str(tmp_path / 'out'), WHOLE, Run())
    statuses = {row['uri']: row['status'] for row in rows(tmp_path / 'out', 'images')}
    assert (statuses.pop('z.tar'), statuses.pop('z.zip')) == ('corrupt', 'truncated')
    assert len(statuses) == 2 * len(members)
    assert all(statuses[uri] == statuses[uri.replace('x.tar', 'x.zip')] for uri in statuses)


MAKERS = {'x.tar': make_tar, 'x.tar.gz': make_tar, 'x.zip': make_zip, 'hf.parquet': make_hugging_face, 'i.parquet': make_img2dataset}
SEEKABLE = ('x.tar', 'x.zip', 'hf.parquet', 'i.parquet')  # a compressed tar is read to be listed


def night(folder: Path, name: str, **how) -> Path:
    """Labels the archives and the list of a folder into another one."""
    inputs = [*(str(folder / given) for given in MAKERS), str(folder / 'list.txt')]
    label(inputs, str(folder / name), WHOLE, Run(**how))
    return folder / name


def make_night(folder: Path, photos: dict[str, bytes], mtime: float) -> None:
    """Archives of photos and a list of them, all of one time."""
    (folder / 'photos').mkdir(exist_ok=True)
    for name, data in photos.items():
        (folder / 'photos' / name).write_bytes(data)
        make_old(folder / 'photos' / name, mtime)
    for name, make in MAKERS.items():
        make(folder / name, photos)
        make_old(folder / name, mtime)
    (folder / 'list.txt').write_text('\n'.join(f'photos/{name}' for name in sorted({*photos, 'gone.jpg'})))


def make_old(path: Path, mtime: float) -> None:
    os.utime(path, (mtime, mtime))


@pytest.fixture(scope='module')
def last_night(tmp_path_factory):
    """Photos, the folder of their archives, as old as an hour, and its snapshot `old`."""
    folder = tmp_path_factory.mktemp('night')
    made = make_photos(folder / 'made', 6)
    photos = {path.name: path.read_bytes() for path in sorted(made.iterdir())}
    make_night(folder, photos, HOUR_AGO)
    return photos, folder, night(folder, 'old')


def test_members_of_an_archive_that_did_not_change_are_not_opened(last_night, tmp_path):
    photos, folder, old = last_night
    make_night(tmp_path, photos, HOUR_AGO)
    for name in SEEKABLE:
        path = tmp_path / name
        data = path.read_bytes()
        where = data.index(photos['0003.jpg'][100:140]) if name == 'x.tar' else len(data) // 3
        path.write_bytes(data[:where] + bytes(40) + data[where + 40 :])
        make_old(path, HOUR_AGO)  # size and time are as they were: nothing in the listing tells
        assert outcomes(path) != outcomes(folder / name)
    assert content(night(tmp_path, 'new', previous=str(old))) == content(old)


def test_what_changed_is_read_again_and_the_result_equals_a_full_run(last_night, tmp_path):
    photos, _, old = last_night
    changed = {**photos, '0001.jpg': photos['0002.jpg'], '0002.jpg': photos['0001.jpg']}
    changed |= {'new.jpg': photos['0003.jpg'], 'gone.jpg': photos['0004.jpg']}
    del changed['0004.jpg']
    make_night(tmp_path, changed, HOUR_AGO + 1)
    full = night(tmp_path, 'full')
    assert content(night(tmp_path, 'new', previous=str(old))) == content(full) != content(old)
    assert content(night(tmp_path, 'paranoid', previous=str(old), paranoid=True)) == content(full)


def test_another_column_of_the_same_file_is_another_photo(tmp_path):
    photos = [path.read_bytes() for path in sorted(make_photos(tmp_path / 'made', 4).iterdir())]
    table = {'key': ['a.jpg', 'b.jpg'], 'front': photos[:2], 'back': photos[2:]}
    pq.write_table(pa.table(table), tmp_path / 'x.parquet')
    make_old(tmp_path / 'x.parquet', HOUR_AGO)

    def run(name: str, column: str, **how: str) -> Path:
        label([str(tmp_path / 'x.parquet')], str(tmp_path / name), dataclasses.replace(CONFIG, bytes_column=column), Run(**how))
        return tmp_path / name

    front, back = run('front', 'front'), run('back', 'back')
    assert content(run('new', 'back', previous=str(front))) == content(back) != content(front)
