"""What a disk and a store do alike."""

import errno
import os
import pickle

import pytest

from mien.storage import files
from mien.storage.either import files_in, read_range
from mien.storage.path import StorePath

NAMES = ['a.jpg', 'deep/er/b.jpg', 'deep/c d.jpg', 'é.jpg', 'e\u0301.jpg', 'z%20y#?&+=.jpg', '.hidden', 'quote\'s "x".jpg', '顔/写真.png']


def fill(folder, names=NAMES):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())


def below(paths, folder):
    return sorted(str(path.relative_to(folder)) for path in paths)


def test_what_was_written_is_read(folder):
    fill(folder)
    assert {name: (folder / name).read_bytes() for name in NAMES} == {name: name.encode() for name in NAMES}
    assert below(files_in(folder), folder) == sorted(NAMES)
    assert below(folder.iterdir(), folder) == sorted({name.partition('/')[0] for name in NAMES})
    assert below(folder.glob('*.jpg'), folder) == sorted(name for name in NAMES if name.endswith('.jpg') and '/' not in name)
    assert below(folder.glob('d*/*.jpg'), folder) == ['deep/c d.jpg']
    assert below(folder.rglob('*.jpg'), folder) == sorted(name for name in NAMES if name.endswith('.jpg'))


def test_what_is_there(folder):
    fill(folder)
    assert [(folder / name).exists() for name in ('a.jpg', 'b.jpg')] == [True, False]
    assert [(folder / name).is_file() for name in ('a.jpg', 'deep', 'b.jpg')] == [True, False, False]
    assert [(folder / name).is_dir() for name in ('a.jpg', 'deep', 'dee', 'deep/er')] == [False, True, False, True]
    assert (folder / 'a.jpg').stat().st_size == 5
    assert list((folder / 'deep/er/b.jpg').iterdir()) == [] if isinstance(folder, StorePath) else True


def test_parts_of_a_name(folder):
    path = folder / 'deep' / 'x.tar.gz'
    assert (path.name, path.suffix, path.stem, path.parent.name, path.with_name('y').name) == ('x.tar.gz', '.gz', 'x.tar', 'deep', 'y')
    assert path.parent.parent == folder
    assert str(path.relative_to(folder)) == 'deep/x.tar.gz'
    assert path.joinpath('a', 'b') == path / 'a' / 'b' == path / 'a/b'
    with pytest.raises(ValueError, match='x'):
        (folder / 'x').relative_to(path)
    assert path.is_relative_to(folder)
    assert not (folder.parent / f'{folder.name}s').is_relative_to(folder)
    assert pickle.loads(pickle.dumps(path)) == path
    assert len({path, folder / 'deep/x.tar.gz'}) == 1
    assert sorted([folder / 'b', folder / 'a']) == [folder / 'a', folder / 'b']


@pytest.mark.parametrize(
    'act', [lambda path: path.read_bytes(), lambda path: path.stat(), lambda path: path.open('rb'), lambda path: path.unlink()]
)
def test_what_is_missing_is_said_alike(folder, act):
    with pytest.raises(FileNotFoundError) as raised:
        act(folder / 'nothing.jpg')
    assert raised.value.errno == errno.ENOENT
    assert str(raised.value) == f"[Errno 2] No such file or directory: '{folder / 'nothing.jpg'}'"


def test_a_file_is_replaced_and_deleted(folder):
    fill(folder, ['x'])
    (folder / 'x').write_bytes(b'')
    assert (folder / 'x').read_bytes() == b''
    (folder / 'x').unlink()
    (folder / 'x').unlink(missing_ok=True)
    assert not (folder / 'x').exists()


def test_a_file_is_read_from_anywhere(folder):
    data = bytes(range(256)) * 40
    (folder / 'x').write_bytes(data)
    with (folder / 'x').open('rb') as file:
        assert file.read(10) == data[:10]
        assert file.seek(-5, os.SEEK_END) == len(data) - 5
        assert file.read() == data[-5:]
        assert file.read() == b''
        assert (file.seek(3000), file.read(300)) == (3000, data[3000:3300])
        assert (file.seek(20, os.SEEK_CUR), file.read(1)) == (3320, data[3320:3321])
        assert (file.seek(len(data) + 9), file.read(5)) == (len(data) + 9, b'')
    assert read_range(folder / 'x', 100, 50) == data[100:150]
    assert read_range(folder / 'x', len(data) - 5, 50) == data[-5:]
    assert read_range(folder / 'x', len(data) + 5, 50) == b''
    (folder / 'empty').write_bytes(b'')
    with (folder / 'empty').open('rb') as file:
        assert file.read() == b''


@pytest.mark.parametrize('size', [0, 5, 20 << 20])
def test_a_file_goes_into_a_store_and_back(folder, tmp_path, size):
    start, end = tmp_path / 'start', tmp_path / 'end'
    start.write_bytes(os.urandom(size))
    files.copy(start, folder / 'there')
    files.copy(folder / 'there', folder / 'beside')
    files.copy(folder / 'beside', end)
    assert end.read_bytes() == start.read_bytes()
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith('.')] == []
    with pytest.raises(FileNotFoundError):
        files.copy(folder / 'nothing', end)
    assert end.read_bytes() == start.read_bytes()


def test_many_small_files(folder):
    files.write_each((folder / f'{number}', b'%d' % number) for number in range(40))
    asked = [folder / f'{number}' for number in (5, 40, 0, 39, 41, *range(40))]
    assert list(files.read_each(iter(asked))) == [b'5', None, b'0', b'39', None, *(b'%d' % number for number in range(40))]
    first = next(files.read_each(asked))
    assert first == b'5'


def test_trees_and_files_are_deleted(folder):
    fill(folder)
    files.remove([folder / 'a.jpg', folder / 'nothing', folder / '顔/写真.png'])
    assert below(files_in(folder), folder) == sorted(set(NAMES) - {'a.jpg', '顔/写真.png'})
    files.remove_tree(folder / 'deep')
    files.remove_tree(folder / 'nothing')
    assert below(files_in(folder), folder) == sorted(name for name in NAMES if name not in ('a.jpg', '顔/写真.png') and '/' not in name)
