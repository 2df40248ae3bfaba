"""What is below a folder of a store: all of it, once, whatever the keys."""

import string
import uuid

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mien.configs.errors import UsageError
from mien.storage import files, objects, tree
from mien.storage.either import files_in
from mien.storage.path import located

PARTS = st.text('ab-.é', min_size=1, max_size=2).filter(lambda part: part not in ('.', '..'))
KEYS = st.lists(PARTS, min_size=1, max_size=4).map('/'.join)
FIXTURE = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


def listed(folder):
    return sorted((found.path, found.size) for found in files.listing(str(folder)))


@pytest.mark.parametrize('server', ['moto'], indirect=True)
@settings(max_examples=25, suppress_health_check=FIXTURE)
@given(sizes=st.dictionaries(KEYS, st.integers(0, 2), max_size=14), markers=st.sets(KEYS, max_size=3))
def test_all_is_listed_once(server, monkeypatch, sizes, markers):
    """By one thread or shared out among many, with folder markers or without."""
    folder = located('s3://photos', f'drawn {uuid.uuid4().hex}')
    for key, size in sizes.items():
        server.put('photos', f'{folder.key}/{key}', b'x' * size)
    for key in markers:
        server.put('photos', f'{folder.key}/{key}/', b'')
    expected = sorted(sizes.items())
    assert listed(folder) == expected
    monkeypatch.setattr(objects, 'BATCH', 2)
    monkeypatch.setattr(tree, 'ALONE', 1)
    assert listed(folder) == expected
    assert sorted({str(path.relative_to(folder)) for path in files_in(folder)}) == sorted(sizes)


def test_more_than_a_page(stored, monkeypatch):
    names = [f'{letter}/{number:03d}' for letter in 'abc' for number in range(60)] + [f'{number}' for number in range(1100)]
    files.write_each((stored / name, b'1') for name in names)
    assert [name for name, _ in listed(stored)] == sorted(names)
    monkeypatch.setattr(tree, 'ALONE', 1)
    assert [name for name, _ in listed(stored)] == sorted(names)
    assert len(list(stored.iterdir())) == 1103
    files.remove_tree(stored)
    assert listed(stored) == []
    assert not stored.is_dir()


def test_a_marker_is_no_object(stored, server):
    """As consoles write them for an empty folder."""
    for key in ('', 'empty/', 'full/'):
        server.put(stored.bucket, f'{stored.key}/{key}', b'')
    assert listed(stored) == []
    (stored / 'full' / 'x').write_bytes(b'')
    assert listed(stored) == [('full/x', 0)]
    assert [str(path.relative_to(stored)) for path in files_in(stored)] == ['full/x']
    empty = [] if server.scheme == 'gs' else ['empty']  # the emulator keeps its objects as files and has no place for this one
    assert [path.name for path in stored.iterdir()] == [*empty, 'full']
    assert not (stored / 'empty').is_dir()


@pytest.mark.parametrize('server', ['moto'], indirect=True)
@pytest.mark.parametrize('key', ['a//b.jpg', 'x/../y.jpg', './z.jpg', 'a\x01.jpg'])
def test_a_key_that_cannot_be_read_is_named(stored, server, key):
    (stored / 'before').write_bytes(b'')
    server.put(stored.bucket, f'{stored.key}/{key}', b'1')
    with pytest.raises(UsageError, match='rename it or narrow the INPUT') as raised:
        listed(stored)
    assert repr(f'{stored.key}/{key}') in str(raised.value)


def test_every_printable_character(stored):
    names = [
        f'{number:03d} {character}.jpg' for number, character in enumerate(string.printable) if character.isprintable() and character != '/'
    ]
    files.write_each((stored / name, b'1') for name in names)
    assert [name for name, _ in listed(stored)] == sorted(names)
    assert list(files.read_each(stored / name for name in names)) == [b'1'] * len(names)


def test_a_folder_that_begins_like_another(stored):
    for name in ('a/x', 'a-b/x', 'ab', 'a/y/z'):
        (stored / name).write_bytes(b'1')
    assert listed(stored / 'a') == [('x', 1), ('y/z', 1)]
    assert listed(located(str(stored), 'a/')) == listed(stored / 'a')


def test_a_reader_that_stops_early(stored, monkeypatch):
    monkeypatch.setattr(objects, 'BATCH', 1)
    monkeypatch.setattr(tree, 'WAITING', 1)
    files.write_each((stored / f'{number}', b'1') for number in range(50))
    found = files.listing(str(stored))
    next(found)
    found.close()
    assert len(listed(stored)) == 50


def test_an_error_of_a_thread_is_raised(stored):
    with pytest.raises(OSError, match='Errno 110'):
        listed(located(f'{stored.scheme}://missing-bucket/x'))
