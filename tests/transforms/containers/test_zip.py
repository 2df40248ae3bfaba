"""Zip: the members and bytes that zipfile wrote, in all of its layouts; lies of the directory cost one row each and little memory."""

import io
import stat
import tracemalloc
import zipfile

import pytest

from mien.transforms.read import load_all
from mien.transforms.records import Kind, Status
from tests.archives import MEGA, contents, listed, make_zip

PHOTOS = {'a.jpg': b'1' * 700, 'deep/b.png': b'2' * 512, 'é.jpg': b'3', 'empty.jpg': b''}
NAMED = [(name.encode(), data) for name, data in PHOTOS.items()]
OK = [(b'ok.jpg', b'ok')]
UTF_8 = 0x800


class Pipe(io.RawIOBase):
    """A file that can't be sought in: zipfile then writes sizes behind the data."""

    def __init__(self):
        self.written = bytearray()

    def writable(self):
        return True

    def write(self, data):
        self.written += data
        return len(data)


def edited(path, members, change):
    """A zip whose directory is changed after the members are written; `ok.jpg` comes last and is not."""
    with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
        archive.writestr('ok.jpg', b'ok')
        for member in archive.infolist()[:-1]:
            change(member)
    return path


def setting(**values):
    def change(member):
        for name, value in values.items():
            setattr(member, name, value)

    return change


@pytest.mark.parametrize('method', [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_members_and_bytes_are_those_that_were_put_in(tmp_path, method):
    assert contents(make_zip(tmp_path / 'x.zip', {'deep/': b'', **PHOTOS}, method)) == NAMED


def test_other_bytes_may_stand_before_and_behind_and_a_comment_too(tmp_path):
    data = make_zip(tmp_path / 'x.zip', PHOTOS).read_bytes()
    for before, behind in ((b'#!/bin/sh\n' * 99, b''), (b'', bytes(100)), (b'PK\5\6' * 20, b'\xff')):
        (tmp_path / 'y.zip').write_bytes(before + data + behind)
        assert contents(tmp_path / 'y.zip', kind=Kind.ZIP) == NAMED


@pytest.mark.parametrize('comment', [b'a comment', b'x' * 65535, b'ends with PK\5\6', b'PK\5\6' + bytes(30), b'PK\5\6' * 9000])
def test_a_comment_is_not_taken_for_the_directorys_end(tmp_path, comment):
    path = make_zip(tmp_path / 'x.zip', PHOTOS)
    with zipfile.ZipFile(path, 'a') as archive:
        archive.comment = comment
    assert contents(path) == NAMED


def test_sizes_may_stand_behind_the_data(tmp_path):
    pipe = Pipe()
    with zipfile.ZipFile(pipe, 'w', zipfile.ZIP_DEFLATED) as archive:
        for name, data in PHOTOS.items():
            archive.writestr(name, data)
    assert b'PK\7\x08' in pipe.written
    (tmp_path / 'x.zip').write_bytes(pipe.written)
    assert contents(tmp_path / 'x.zip') == NAMED


def test_zip64(tmp_path, monkeypatch):
    path = tmp_path / 'x.zip'
    with zipfile.ZipFile(path, 'w') as archive:
        for name, data in PHOTOS.items():
            archive.writestr(name, data)
        monkeypatch.setattr(zipfile, 'ZIP64_LIMIT', 1)  # the directory as zipfile writes it beyond 2 GiB
    data = path.read_bytes()
    assert all(mark in data for mark in (b'PK\6\6', b'PK\6\7', b'\xff' * 8))
    assert contents(path) == NAMED
    path.write_bytes(b'PK\3\4' + bytes(96) + data)
    assert contents(path) == NAMED


def test_names_that_are_no_text_keep_their_bytes(tmp_path):
    path = edited(tmp_path / 'x.zip', {'café.jpg': b'1'}, setting())
    path.write_bytes(path.read_bytes().replace('é'.encode(), b'\xe9\xff'))
    assert contents(path) == [(b'caf\xe9\xff.jpg', b'1'), *OK]


def test_what_cannot_be_read_is_unreadable(tmp_path):
    changes = {
        'encrypted': setting(flag_bits=UTF_8 | 1),
        'strongly': setting(flag_bits=0x40),
        'masked': setting(flag_bits=0x2000),
        'method': setting(compress_type=97),
        'link': setting(create_system=3, external_attr=(stat.S_IFLNK | 0o777) << 16),
        'pipe': setting(create_system=3, external_attr=stat.S_IFIFO << 16),
        'device': setting(create_system=3, external_attr=stat.S_IFCHR << 16),
    }
    path = edited(tmp_path / 'x.zip', dict.fromkeys(changes, b'/etc/passwd'), lambda member: changes[member.filename](member))
    assert contents(path) == [*((name.encode(), Status.UNREADABLE) for name in changes), *OK]


@pytest.mark.parametrize('method', [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_methods_that_are_not_read(tmp_path, method):
    assert contents(make_zip(tmp_path / 'x.zip', {'a.jpg': b'1' * 99}, method)) == [(b'a.jpg', Status.UNREADABLE)]


@pytest.mark.parametrize(
    ('change', 'status'),
    [
        (setting(file_size=699), Status.CORRUPT),
        (setting(file_size=0), Status.CORRUPT),
        (setting(file_size=701), Status.TRUNCATED),
        (setting(file_size=1 << 40), Status.TOO_LARGE),
        (setting(compress_size=3), Status.TRUNCATED),
        (setting(compress_size=1 << 31), Status.CORRUPT),
        (setting(compress_size=1 << 40), Status.CORRUPT),
        (setting(CRC=7), Status.CORRUPT),
        (setting(compress_type=zipfile.ZIP_STORED), Status.TRUNCATED),
        (setting(header_offset=1), Status.CORRUPT),
        (setting(header_offset=1 << 31), Status.CORRUPT),
        (setting(header_offset=(1 << 63) + 1), Status.CORRUPT),
    ],
)
def test_a_lie_about_a_member_costs_its_row_alone(tmp_path, change, status):
    path = edited(tmp_path / 'x.zip', {'a.jpg': b'1' * 700}, change)
    assert contents(path) == [(b'a.jpg', status), *OK]


@pytest.mark.parametrize('said', [10, 64 * MEGA - 1, 64 * MEGA + 1])
def test_a_bomb_unpacks_to_no_more_than_it_says_and_the_limit_allows(tmp_path, said):
    path = edited(tmp_path / 'x.zip', {'a.jpg': bytes(64 * MEGA)}, setting(file_size=said))
    tracemalloc.start()
    found = contents(path, MEGA)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found == [(b'a.jpg', Status.CORRUPT if said == 10 else Status.TOO_LARGE), *OK]
    assert peak < 4 * MEGA


def test_members_that_share_their_bytes_are_read_one_at_a_time(tmp_path):
    path = edited(tmp_path / 'x.zip', {f'{number}.jpg': bytes(MEGA) for number in range(40)}, setting(header_offset=0))
    entries = listed(path)
    tracemalloc.start()
    sizes = [len(loaded.data) for loaded in load_all(0, entries, MEGA)]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert sizes == [MEGA] * 40 + [2]
    assert peak < 4 * MEGA


@pytest.mark.parametrize('keep', [0.2, 0.9, 0.99])
def test_without_its_directory_it_is_one_row(tmp_path, keep):
    path = make_zip(tmp_path / 'x.zip', PHOTOS)
    path.write_bytes(path.read_bytes()[: int(keep * path.stat().st_size)])
    assert contents(path) == [(None, Status.TRUNCATED)]


def test_a_directory_that_breaks_off_keeps_the_members_before(tmp_path):
    path = make_zip(tmp_path / 'x.zip', PHOTOS)
    data = bytearray(path.read_bytes())
    second = data.index(b'PK\1\2', data.index(b'PK\1\2') + 4)
    data[second] ^= 1
    path.write_bytes(data)
    assert contents(path) == [NAMED[0], (None, Status.CORRUPT)]


@pytest.mark.parametrize('at', [12, 16])
def test_a_directory_that_cannot_lie_where_it_says_is_one_row(tmp_path, at):
    path = make_zip(tmp_path / 'x.zip', PHOTOS)
    data = path.read_bytes()
    end = len(data) - 22 + at
    path.write_bytes(data[:end] + b'\xff\xff\xff\x7f' + data[end + 4 :])
    assert contents(path) == [(None, Status.CORRUPT)]
