"""Tar, plain and compressed: the members and bytes that tarfile and GNU tar wrote, and a row for everything else that one may hold."""

import gzip
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from mien.transforms.containers import source
from mien.transforms.containers.kinds import kind_of
from mien.transforms.records import Kind, Status
from tests.archives import MODES, contents, make_tar

BLOCK = tarfile.BLOCKSIZE
LONG = 'é' * 150 + '.jpg'
PHOTOS = {'a.jpg': b'1' * 700, 'deep/b.png': b'2' * BLOCK, LONG: b'3', 'empty.jpg': b''}
FORMATS = {'ustar': tarfile.USTAR_FORMAT, 'gnu': tarfile.GNU_FORMAT, 'pax': tarfile.PAX_FORMAT}
NAMED = [(name.encode(), data) for name, data in PHOTOS.items()]


def typed(name: str, kind: bytes, target: str = '') -> tarfile.TarInfo:
    header = tarfile.TarInfo(name)
    header.type, header.linkname = kind, target
    return header


def replaced(path: Path, block: int, header: tarfile.TarInfo) -> Path:
    """The archive with another header in the place of one."""
    data = bytearray(path.read_bytes())
    data[block * BLOCK : (block + 1) * BLOCK] = header.tobuf(tarfile.GNU_FORMAT)
    path.write_bytes(data)
    return path


@pytest.fixture(params=MODES)
def path(request, tmp_path):
    return tmp_path / f'x{request.param}'


@pytest.mark.parametrize('form', ['gnu', 'pax'])
def test_members_and_bytes_are_those_that_were_put_in(path, form):
    members = [(typed('deep', tarfile.DIRTYPE), b''), *PHOTOS.items()]
    assert contents(make_tar(path, members, format=FORMATS[form])) == NAMED


@pytest.mark.parametrize('form', FORMATS)
def test_names_that_are_no_text_keep_their_bytes(tmp_path, form):
    path = make_tar(tmp_path / 'x.tar', {'caf\udce9.jpg': b'1', 'd/' * 60 + '\udcff.jpg': b'2'}, format=FORMATS[form])
    assert contents(path) == [(b'caf\xe9.jpg', b'1'), (b'd/' * 60 + b'\xff.jpg', b'2')]


def test_an_archive_of_before_1988_has_no_magic(tmp_path):
    data = bytearray(make_tar(tmp_path / 'x.tar', {'a.jpg': b'1'}, format=tarfile.USTAR_FORMAT).read_bytes())
    data[257:265] = bytes(8)
    data[148:156] = b' ' * 8
    data[148:156] = b'%06o\0 ' % sum(data[:BLOCK])
    (tmp_path / 'v7.tar').write_bytes(data)
    assert kind_of(str(tmp_path / 'v7.tar')) is Kind.TAR
    assert contents(tmp_path / 'v7.tar') == [(b'a.jpg', b'1')]


def test_what_is_no_file_is_unreadable_and_never_followed(path, tmp_path):
    (tmp_path / 'secret.jpg').write_bytes(b'secret')
    target = str(tmp_path / 'secret.jpg')
    kinds = {
        'symbolic': (tarfile.SYMTYPE, target),
        'hard': (tarfile.LNKTYPE, 'a.jpg'),
        'out': (tarfile.LNKTYPE, target),
        'character': (tarfile.CHRTYPE, ''),
        'block': (tarfile.BLKTYPE, ''),
        'pipe': (tarfile.FIFOTYPE, ''),
        'unknown': (b'Z', ''),
    }
    odd = [(typed(name, kind, to), b'') for name, (kind, to) in kinds.items()]
    found = contents(make_tar(path, [('a.jpg', b'1'), *odd, ('b.jpg', b'2')]))
    assert found == [(b'a.jpg', b'1'), *((name.encode(), Status.UNREADABLE) for name in kinds), (b'b.jpg', b'2')]


@pytest.mark.skipif(not shutil.which('tar'), reason='needs GNU tar')
@pytest.mark.parametrize('form', ['--format=gnu', '--format=posix', '--format=posix --sparse-version=0.1'])
def test_a_sparse_member_is_unreadable_and_those_behind_it_are_read(tmp_path, form):
    with (tmp_path / 'a.jpg').open('wb') as file:
        file.truncate(1 << 20)
        file.seek(1 << 19)
        file.write(b'1' * 5000)
    (tmp_path / 'b.jpg').write_bytes(b'2' * 700)
    subprocess.run(['tar', *form.split(), '-S', '-cf', 'x.tar', 'a.jpg', 'b.jpg'], cwd=tmp_path, check=True)
    assert contents(tmp_path / 'x.tar') == [(b'a.jpg', Status.UNREADABLE), (b'b.jpg', b'2' * 700)]


@pytest.mark.parametrize(('size', 'status'), [(-BLOCK, None), (-(1 << 62), None), (1 << 60, Status.TRUNCATED), (1 << 70, Status.TRUNCATED)])
def test_sizes_that_cannot_be_end_the_archive_with_a_row_of_its_own(tmp_path, size, status):
    lying = typed('b.jpg', tarfile.REGTYPE)
    lying.size = size
    path = replaced(make_tar(tmp_path / 'x.tar', {'a.jpg': b'1', 'b.jpg': b'2', 'c.jpg': b'3'}), 2, lying)
    found = contents(path, 1 << 80)
    assert found[0] == (b'a.jpg', b'1')
    assert found[-1] == (None, Status.CORRUPT)
    assert found[1:-1] == ([(b'b.jpg', status)] if status else [])


def test_a_size_over_the_limit_is_told_from_the_header(path):
    assert contents(make_tar(path, {'a.jpg': b'1' * 11, 'b.jpg': b'2' * 10}), 10) == [(b'a.jpg', Status.TOO_LARGE), (b'b.jpg', b'2' * 10)]


@pytest.mark.parametrize('cut', range(BLOCK, 15 * BLOCK + 1, BLOCK))  # of 14 blocks of members and the end mark
def test_cut_at_any_block_every_member_is_whole_truncated_or_behind_a_row_that_says_so(tmp_path, cut):
    path = make_tar(tmp_path / 'x.tar', PHOTOS, format=tarfile.GNU_FORMAT)
    path.write_bytes(path.read_bytes()[:cut])
    check_cut(contents(path))


@pytest.mark.parametrize('suffix', ['.tar.gz', '.tar.bz2', '.tar.xz'])
def test_a_compressed_one_cut_anywhere(tmp_path, suffix):
    path = make_tar(tmp_path / f'x{suffix}', PHOTOS)
    data = path.read_bytes()
    for cut in range(20, len(data), 7):
        path.write_bytes(data[:cut])
        check_cut(contents(path))


def check_cut(found: list) -> None:
    """The first members are whole; of the rest one may be cut, and then the archive has a row."""
    whole = [member for member in found if isinstance(member[1], bytes)]
    assert whole == NAMED[: len(whole)]
    assert [name for name, _ in found[len(whole) :]] in ([], [None], [name for name, _ in NAMED[len(whole) :][:1]] + [None])
    assert {status for _, status in found[len(whole) :]} <= {Status.TRUNCATED}
    assert len(whole) == len(NAMED) or found[-1][0] is None


def test_a_header_that_makes_no_sense_is_not_taken_for_the_end(tmp_path):
    path = make_tar(tmp_path / 'x.tar', {'a.jpg': b'1', LONG: b'2', 'c.jpg': b'3'}, format=tarfile.PAX_FORMAT)
    data = path.read_bytes()
    record = data.index(b' path=')
    path.write_bytes(data[: record - 3] + b'000' + data[record:])  # the length of a record in a pax header
    assert contents(path) == [(b'a.jpg', b'1'), (None, Status.CORRUPT)]


@pytest.mark.parametrize('byte', [0, 124, 148, 156, 200])
def test_a_changed_header_fails_its_checksum(tmp_path, byte):
    path = make_tar(tmp_path / 'x.tar', {'a.jpg': b'1', 'b.jpg': b'2', 'c.jpg': b'3'})
    data = bytearray(path.read_bytes())
    data[2 * BLOCK + byte] ^= 1
    path.write_bytes(data)
    assert contents(path) == [(b'a.jpg', b'1'), (None, Status.CORRUPT)]


def test_headers_without_end_are_not_kept(tmp_path):
    more = bytes(504) + b'\1' + bytes(7)  # another block of a sparse member's map follows
    sparse = bytearray(typed('b.jpg', tarfile.GNUTYPE_SPARSE).tobuf(tarfile.GNU_FORMAT))
    sparse[482] = 1
    sparse[148:156] = b' ' * 8
    sparse[148:156] = b'%06o\0 ' % sum(sparse)
    path = make_tar(tmp_path / 'x.tar', {'a.jpg': b'1'})
    path.write_bytes(path.read_bytes()[: 2 * BLOCK] + sparse + more * 16384 + bytes(2 * BLOCK))
    assert contents(path) == [(b'a.jpg', b'1'), (None, Status.CORRUPT)]


def test_headers_for_all_members_are_not_kept_without_end(tmp_path):
    path = tmp_path / 'x.tar'
    header = [tarfile.TarInfo.create_pax_global_header({f'name{number}': 'x'}) for number in range(200)]
    members = make_tar(path, {'a.jpg': b'1'}).read_bytes()
    path.write_bytes(header[0] + members)
    assert contents(path) == [(b'a.jpg', b'1')]
    path.write_bytes(members[: 2 * BLOCK] + b''.join(header) + members)
    assert contents(path) == [(b'a.jpg', b'1'), (None, Status.CORRUPT)]


def test_a_long_name_is_believed_up_to_a_limit(tmp_path):
    assert contents(make_tar(tmp_path / 'x.tar', {'n' * (1 << 19): b'1'})) == [(b'n' * (1 << 19), b'1')]
    found = contents(make_tar(tmp_path / 'y.tar', {'a.jpg': b'1', 'n' * (1 << 21): b'2'}))
    assert found == [(b'a.jpg', b'1'), (None, Status.CORRUPT)]


def test_a_compressed_file_that_holds_no_tar_is_no_image(tmp_path):
    (tmp_path / 'x.gz').write_bytes(gzip.compress(b'text' * 500))
    assert contents(tmp_path / 'x.gz') == [(None, Status.NOT_AN_IMAGE)]


def test_several_compressed_streams_are_one_archive(tmp_path):
    data = make_tar(tmp_path / 'x.tar', PHOTOS).read_bytes()
    (tmp_path / 'x.tar.gz').write_bytes(gzip.compress(data[:1000]) + gzip.compress(data[1000:]))
    assert contents(tmp_path / 'x.tar.gz') == NAMED


def test_a_compressed_tar_that_unpacks_without_end_breaks_off_there(tmp_path, monkeypatch):
    monkeypatch.setattr(source, 'FREE', 1 << 20)
    bomb = make_tar(tmp_path / 'x.tar.bz2', {'a.jpg': b'1', 'zeros.jpg': bytes(64 << 20), 'b.jpg': b'2'})
    assert bomb.stat().st_size * source.RATIO < 64 << 20
    found = contents(bomb)
    assert [name for name, _ in found] == [b'a.jpg', b'zeros.jpg', None]
    assert found[0][1] == b'1'
    assert found[1:] == [(b'zeros.jpg', Status.TRUNCATED), (None, Status.CORRUPT)]


@pytest.mark.parametrize('padding', [0, 1 << 16])
def test_archives_that_were_joined_are_read_to_the_last(tmp_path, padding):
    first, second = (make_tar(tmp_path / f'{name}.tar', {name: name.encode() * 999}).read_bytes() for name in ('a.jpg', 'b.jpg'))
    joined = [(b'a.jpg', b'a.jpg' * 999), (b'b.jpg', b'b.jpg' * 999)]
    (tmp_path / 'x.tar').write_bytes(first + bytes(padding) + second)
    (tmp_path / 'x.tar.gz').write_bytes(gzip.compress(first + bytes(padding)) + gzip.compress(second))
    assert contents(tmp_path / 'x.tar') == contents(tmp_path / 'x.tar.gz') == joined
    for rubbish in (b'rubbish' * 100, second[:100]):
        (tmp_path / 'x.tar').write_bytes(first + rubbish)
        (tmp_path / 'x.tar.gz').write_bytes(gzip.compress(first) + rubbish)
        assert contents(tmp_path / 'x.tar') == contents(tmp_path / 'x.tar.gz') == joined[:1]
