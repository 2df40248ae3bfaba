"""Archives as inputs: uris, what is never opened, and that no damage raises."""

import dataclasses
import os
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mien.configs.errors import UsageError
from mien.pipelines.plan import write_plans
from mien.transforms import records
from mien.transforms.plan_file import read_plan
from mien.transforms.records import Entry, Kind, Status
from tests.archives import (
    CONFIG,
    listed,
    make_hugging_face,
    make_img2dataset,
    make_tar,
    make_zip,
    opened,
    outcomes,
    read_all,
    uris,
)

PHOTOS = {'a.jpg': b'a', 'deep/b.png': b'b' * 600, 'é%.jpg': b'c'}
ENCODED = {'a.jpg': b'a', 'deep/b.png': b'b' * 600, 'é%25.jpg': b'c'}
MAKERS = {
    'x.tar': make_tar,
    'x.tar.gz': make_tar,
    'x.tar.bz2': make_tar,
    'x.tar.xz': make_tar,
    'x.zip': make_zip,
    'hf.parquet': make_hugging_face,
    'i.parquet': make_img2dataset,
}
KINDS = {'x.tar': Kind.TAR, 'x.zip': Kind.ZIP, 'hf.parquet': Kind.PARQUET, 'i.parquet': Kind.PARQUET}
AWAY = [
    '../../x.jpg',
    '/etc/passwd',
    '/proc/self/mem',
    '~/x.jpg',
    'a/../../../../x.jpg',
    '..',
    '$(touch x).jpg',
    'C:\\x.jpg',
    '\\\\host\\x',
]


def made(folder: Path, name: str, members: dict[str, bytes] = PHOTOS) -> Path:
    return MAKERS[name](folder / name, members)


@pytest.mark.parametrize('name', MAKERS)
def test_a_members_uri_is_its_name_in_the_archive_and_a_rows_its_key(tmp_path, name):
    begin = f'{name}!/' if name.startswith('x') else ''
    path = made(tmp_path, name)
    assert outcomes(path) == {f'{begin}{member}': data for member, data in ENCODED.items()}
    assert {entry.kind for entry in listed(path)} == {KINDS.get(name, Kind.TAR_STREAM)}


def test_several_inputs_prefix_the_name_that_was_said_or_is_theirs(tmp_path):
    (tmp_path / 'photos').mkdir()
    (tmp_path / 'photos/a.jpg').write_bytes(b'')
    one = {'a.jpg': b''}
    inputs = [made(tmp_path, name, one) for name in ('x.tar', 'x.zip', 'hf.parquet', 'i.parquet')]
    assert uris(tmp_path / 'photos', inputs[0], f'mine={inputs[1]}', inputs[2], f'100%={inputs[3]}') == [
        '100%25/a.jpg',
        'hf.parquet/a.jpg',
        'mine!/a.jpg',
        'photos/a.jpg',
        'x.tar!/a.jpg',
    ]


def test_the_second_of_a_name_is_numbered_and_sidecars_of_both_are_none(tmp_path):
    members = [(name, data) for data in (b'1', b'2') for name in ('a.jpg', 'a.json', 'a.cls', 'notes.txt')]
    assert outcomes(make_tar(tmp_path / 'x.tar', members)) == {
        'x.tar!/a.jpg': b'1',
        'x.tar!/a.jpg#2': b'2',
        'x.tar!/notes.txt': b'1',
        'x.tar!/notes.txt#2': b'2',
    }


def test_web_dataset(tmp_path):
    samples = {f'{key:06d}.{part}': part.encode() for key in range(3) for part in ('json', 'jpg', 'txt', 'cls')}
    assert outcomes(make_tar(tmp_path / 'shard-000.tar', samples)) == {f'shard-000.tar!/{key:06d}.jpg': b'jpg' for key in range(3)}
    with zipfile.ZipFile(tmp_path / 'x.zip', 'w') as archive:
        for name, data in samples.items():
            archive.writestr(f'one.two/{name}', data)
    assert uris(tmp_path / 'x.zip') == [f'x.zip!/one.two/{key:06d}.jpg' for key in range(3)]


def test_rows_without_a_name_are_numbered_over_all_row_groups(tmp_path):
    path = tmp_path / '50%.parquet'
    pq.write_table(pa.table({'jpg': [b'0', b'1', b'2'], 'key': ['a', None, 'a']}), path, row_group_size=1)
    assert outcomes(path) == {'a': b'0', '50%25.parquet#1': b'1', 'a#2': b'2'}
    pq.write_table(pa.table({'jpg': [b'0', b'1', b'2']}), path, row_group_size=2)
    assert outcomes(path, f'other={path}') == {f'{name}#{row}': b'%d' % row for name in ('50%25.parquet', 'other') for row in range(3)}


def test_columns_that_are_asked_for(tmp_path):
    path = tmp_path / 'x.parquet'
    pq.write_table(pa.table({'front': [b'f'], 'back': [b'b'], 'name': ['n']}), path)
    with pytest.raises(UsageError, match='front or back'):
        listed(path)
    assert outcomes(path, bytes_column='back', key_column='name') == {'n': b'b'}


def test_an_archive_in_a_folder_is_not_opened_and_one_that_a_glob_matches_is(tmp_path):
    for name in MAKERS:
        made(tmp_path, name)
    with opened() as paths:
        assert uris(tmp_path) == sorted(MAKERS)
    assert not paths & {str(tmp_path / name) for name in MAKERS}
    assert uris(tmp_path / 'x.[tz]*[rp]') == sorted(f'{name}!/{member}' for name in ('x.tar', 'x.zip') for member in ENCODED)
    assert uris(tmp_path / '*.parquet') == sorted(f'{name}/{member}' for name in ('hf.parquet', 'i.parquet') for member in ENCODED)


@pytest.mark.parametrize('name', MAKERS)
def test_a_name_that_leads_away_is_data(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    path = made(tmp_path, name, {away: b'%d' % number for number, away in enumerate(AWAY)})
    before = sorted(tmp_path.parent.rglob('*'))
    with opened() as paths:
        found = outcomes(path)
    assert sorted(found.values()) == sorted(b'%d' % number for number in range(len(AWAY)))
    assert {found[uri] for uri in found if uri.endswith('/etc/passwd')} == {b'1'}
    assert paths == {str(path)}
    assert sorted(tmp_path.parent.rglob('*')) == before


@pytest.mark.parametrize('name', MAKERS)
def test_an_archive_that_changed_after_it_was_listed_gives_nothing(tmp_path, name):
    path = made(tmp_path, name)
    entries = listed(path)
    replaced = made(tmp_path, name, {member: data + b'!' for member, data in PHOTOS.items()})
    os.utime(replaced, ns=(0, entries[0].mtime_ns))
    if path.stat().st_size == entries[0].address.container_size:  # then only its time tells
        os.utime(replaced, ns=(0, entries[0].mtime_ns + 1))
    assert read_all(entries) == dict.fromkeys([entry.uri for entry in entries], Status.UNREADABLE)
    path.unlink()
    assert read_all(entries) == dict.fromkeys([entry.uri for entry in entries], Status.MISSING)


@pytest.mark.parametrize('name', MAKERS)
def test_what_an_input_names_must_begin_whole_what_a_glob_matches_is_a_row(tmp_path, name):
    path = made(tmp_path, name)
    path.write_bytes(path.read_bytes()[:20] if name != 'x.tar' else path.read_bytes()[:500] + b'xxxxxxxxxxxx')
    with pytest.raises(UsageError, match=rf"{name}': \w+: .*name a whole archive or leave it out"):
        listed(path)
    ((uri, status),) = outcomes(str(path)[:-1] + '?').items()
    assert uri == name
    assert status in (Status.TRUNCATED, Status.CORRUPT)


def test_members_come_as_they_lie_and_what_might_be_a_sidecar_last(tmp_path):
    names = ['b.txt', 'a.txt', 'c.jpg', 'a.png', 'd.jpg']
    assert [entry.uri for entry in listed(make_zip(tmp_path / 'x.zip', dict.fromkeys(names, b'')))] == [
        f'x.zip!/{name}' for name in ('c.jpg', 'a.png', 'd.jpg', 'b.txt')
    ]


@pytest.fixture(scope='module')
def damaged(tmp_path_factory):
    folder = tmp_path_factory.mktemp('damaged')
    members = {'a.jpg': b'one' * 50, 'é' * 60 + '.jpg': b'two' * 300, 'c.json': b'3'}
    return {name: made(folder, name, members) for name in MAKERS}


@pytest.mark.parametrize('name', MAKERS)
def test_whatever_bytes_are_changed_there_are_bytes_or_reasons(damaged, name):
    path = damaged[name]
    whole = path.read_bytes()
    changes = st.lists(st.tuples(st.integers(0, len(whole) - 1), st.integers(0, 255)), min_size=1, max_size=4)

    @settings(max_examples=120)
    @given(changes, st.integers(0, len(whole)) | st.none())
    def check(changes, cut):
        data = bytearray(whole)
        for at, byte in changes:
            data[at] = byte
        path.write_bytes(data[:cut])
        try:
            found = outcomes(f'{str(path)[:-1]}?')  # a glob: what does not even begin whole is a row
        except UsageError:
            return
        assert found
        assert all(isinstance(content, bytes | Status) for content in found.values())

    check()


def plan(path, shards, tmp_path):
    config = dataclasses.replace(CONFIG, shards=shards)
    return write_plans(iter(listed(path)), config, str(tmp_path / 'plan'))


def numbers(tmp_path, shards):
    return [len(read_plan(tmp_path / 'plan', shard, shards)) for shard in range(shards)]


@pytest.mark.parametrize('name', MAKERS)
def test_the_plan_keeps_every_address(tmp_path, name):
    path = made(tmp_path, name)
    plan(path, 1, tmp_path)
    assert read_plan(tmp_path / 'plan', 0, 1) == sorted(listed(path), key=lambda entry: entry.uri)


def test_a_compressed_tar_is_one_shard_and_a_row_group_is(tmp_path):
    members = {f'{number}.jpg': b'1' for number in range(40)}
    plan(made(tmp_path, 'x.tar.gz', members), 8, tmp_path)
    assert sorted(numbers(tmp_path, 8)) == [0] * 7 + [40]
    plan(make_img2dataset(tmp_path / 'x.parquet', members, row_group_size=20), 64, tmp_path)
    assert sorted(numbers(tmp_path, 64))[-2:] == [20, 20]
    plan(made(tmp_path, 'x.tar', members), 8, tmp_path)
    assert max(numbers(tmp_path, 8)) < 20


def test_two_inputs_of_one_uri_stop_the_plan(tmp_path):
    (tmp_path / 'list.txt').write_text('a.jpg\nb.jpg\na.jpg\n')
    with pytest.raises(UsageError, match=r"two inputs are called 'a\.jpg'.*leave one of them out"):
        plan(tmp_path / 'list.txt', 4, tmp_path)
    path = tmp_path / 'x.parquet'
    pq.write_table(pa.table({'jpg': [b'0', b'1'], 'key': ['x.parquet#1', None]}), path)
    with pytest.raises(UsageError, match=r"two inputs are called 'x\.parquet#1'"):
        plan(path, 1, tmp_path)


def test_two_uris_of_one_image_id_stop_the_plan(tmp_path, monkeypatch):
    """No two are known; here the id is the length."""
    monkeypatch.setattr(records, 'image_id', lambda uri: f'{len(uri):016x}')
    entries = [Entry(uri, uri, 1, 1) for uri in ('a', 'bb', 'cc')]
    with pytest.raises(UsageError, match="uris 'bb' and 'cc' have one image_id, 0000000000000002"):
        write_plans(iter(entries), CONFIG, str(tmp_path / 'plan'))
