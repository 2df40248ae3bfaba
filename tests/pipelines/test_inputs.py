"""Every entry that is no folder is one input, whatever its name; uris as the design says."""

import dataclasses
import errno
import os
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien.configs.errors import UsageError
from mien.configs.load import load
from mien.configs.schema import LabelConfig
from mien.pipelines.inputs import list_inputs, narrow, sources
from mien.pipelines.listing.uris import encode_uri

CONFIG = load(LabelConfig, 'label')


def entries(*inputs, leave_out=()):
    return list_inputs(sources([str(given) for given in inputs]), CONFIG, list(map(str, leave_out)))


def uris(*inputs, leave_out=()):
    return sorted(entry.uri for entry in entries(*inputs, leave_out=leave_out))


def narrowed(*inputs, **options):
    return sorted(entry.uri for entry in narrow(entries(*inputs), dataclasses.replace(CONFIG, **options)))


@pytest.fixture
def tree(tmp_path):
    for name in ('night/a.jpg', 'night/.hidden', 'night/deep/b.png', 'night/deep/b.json', 'night/notes.txt', 'night/x.jpg/y.jpg'):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b'1')
    return tmp_path


def test_a_folder_holds_all_but_sidecars(tree):
    assert uris(tree / 'night') == ['.hidden', 'a.jpg', 'deep/b.png', 'notes.txt', 'x.jpg/y.jpg']


def test_several_inputs_prefix_their_names_and_a_file_is_its_own(tree):
    (tree / 'other.jpg').write_bytes(b'1')
    assert uris(tree / 'night/deep', f'second={tree / "night/x.jpg"}', tree / 'other.jpg') == ['deep/b.png', 'other.jpg', 'second/y.jpg']


def test_two_inputs_of_one_name_are_told_apart_or_refused(tree):
    (tree / 'more/deep').mkdir(parents=True)
    (tree / 'more/deep/c.png').write_bytes(b'1')
    with pytest.raises(UsageError, match='NAME=INPUT'):
        uris(tree / 'night/deep', tree / 'more/deep')
    assert uris(tree / 'night/deep', f'more={tree / "more/deep"}') == ['deep/b.png', 'more/c.png']


def test_a_globs_uris_are_below_its_fixed_part(tree):
    assert uris(tree / 'night/*.jpg') == ['a.jpg']
    assert uris(tree / '*/deep/*.png') == ['night/deep/b.png']
    assert uris(tree / 'night/**/*.png') == ['deep/b.png']


def test_a_glob_loses_no_folder_that_it_may_not_list_and_goes_in_no_circles(tree, monkeypatch):
    may = os.access
    monkeypatch.setattr(os, 'access', lambda path, mode: not str(path).endswith('deep') and may(path, mode))
    (tree / 'night/back').symlink_to(tree / 'night')
    assert uris(tree / 'night/**/*.png') == ['back', 'deep']
    assert uris(tree / 'night/*') == ['.hidden', 'a.jpg', 'notes.txt']
    assert uris(tree / 'night/**', leave_out=[tree / 'night/x.jpg']) == ['.hidden', 'a.jpg', 'back', 'deep', 'notes.txt']


@pytest.mark.parametrize('pattern', ['nowhere/*.jpg', 'night/*.gif', 'night/*/'])
def test_a_glob_that_matches_nothing_is_refused(tree, pattern):
    with pytest.raises(UsageError, match='holds no file'):
        uris(f'{tree}/{pattern}')


def test_a_relative_glob_over_nights_is_no_name(tree, monkeypatch):
    (tree / 'night').rename(tree / 'dt=1')
    monkeypatch.chdir(tree)
    assert uris('dt=1/*.jpg') == ['a.jpg']
    assert uris('dt=dt=1/*.jpg', 'dt=1/deep') == ['deep/b.png', 'dt/a.jpg']


def test_a_folder_that_goes_while_it_is_listed_is_an_input_that_is_missing(tree, monkeypatch):
    scan = os.scandir

    def gone(folder):
        if str(folder).endswith('deep'):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), folder)
        return scan(folder)

    monkeypatch.setattr(os, 'scandir', gone)
    assert uris(tree / 'night') == ['.hidden', 'a.jpg', 'deep', 'notes.txt', 'x.jpg/y.jpg']


def test_a_folder_has_no_size_and_makes_no_sidecar(tree):
    (tree / 'night/x.txt').write_bytes(b'1')  # beside the folder x.jpg
    (tree / 'night/back').symlink_to(tree / 'night')
    (tree / 'night/loop.txt').symlink_to('loop.txt')
    sizes = {entry.uri: entry.size for entry in entries(tree / 'night')}
    assert (sizes['x.txt'], sizes['back'], sizes['loop.txt']) == (1, None, None)
    assert 'loop.txt' in uris(tree / 'night/l*.txt')


@pytest.mark.parametrize('what', ['os.stat', 'mien.transforms.containers.kinds.read_range'])
def test_a_disk_that_does_not_answer_makes_no_photo_of_an_archive(tree, monkeypatch, what):
    with zipfile.ZipFile(tree / 'photos.zip', 'w') as archive:
        archive.writestr('a.jpg', b'1')
    assert uris(tree / 'photos.zip') == ['photos.zip!/a.jpg']

    def fails(*_, **__):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(what, fails)
    with pytest.raises(OSError, match='Input/output error'):
        uris(tree / 'photos.zip')


def test_the_output_is_no_input(tree):
    assert uris(tree / 'night', leave_out=[tree / 'night/deep']) == ['.hidden', 'a.jpg', 'notes.txt', 'x.jpg/y.jpg']


def test_links_are_followed_but_not_in_circles(tree):
    (tree / 'night/back').symlink_to(tree / 'night')
    (tree / 'night/dangling').symlink_to(tree / 'nowhere')
    (tree / 'night/near').symlink_to(tree / 'night/deep')
    found = uris(tree / 'night')
    assert {'back', 'dangling', 'near/b.png'} <= set(found)
    assert len(found) == 8


def test_what_is_not_there_or_holds_nothing_is_named(tree):
    (tree / 'bare').mkdir()
    for given_input in ('nowhere', 'bare', 'night/*.gif'):
        with pytest.raises(UsageError, match=given_input.replace('*', r'\*')):
            uris(tree / given_input)


def test_a_name_that_is_no_text_keeps_its_bytes(tmp_path):
    with open(os.fsencode(tmp_path) + b'/caf\xe9 100%.jpg', 'wb') as file:
        file.write(b'1')
    (entry,) = entries(tmp_path)
    assert entry.uri == 'caf%E9 100%25.jpg'
    assert os.path.exists(entry.path)


@given(st.binary(min_size=1).filter(lambda name: b'\0' not in name))
def test_no_two_names_have_one_uri(name):
    uri = encode_uri(os.fsdecode(name))
    uri.encode()  # is text
    back = bytearray()
    rest = uri.encode()
    while rest:
        step = 3 if rest[:1] == b'%' else 1
        back += bytes([int(rest[1:3], 16)]) if step == 3 else rest[:1]
        rest = rest[step:]
    assert bytes(back) == name


def test_globs_and_limit_narrow_by_uri(tree):
    assert narrowed(tree / 'night', include=('*.jpg', '*.png'), exclude=('deep/*',)) == ['a.jpg', 'x.jpg/y.jpg']
    assert narrowed(tree / 'night', limit=2) == ['.hidden', 'a.jpg']
    with pytest.raises(UsageError, match='none of 5 inputs'):
        narrowed(tree / 'night', include=('*.gif',))


def test_a_glob_over_nights_with_photos_below_is_no_name_either(tree, monkeypatch):
    for night in ('dt=1', 'dt=2', 'other'):
        (tree / 'nights' / night).mkdir(parents=True)
        (tree / 'nights' / night / 'a.jpg').write_bytes(b'a')
    monkeypatch.chdir(tree / 'nights')
    assert uris('dt=*/*.jpg') == ['dt=1/a.jpg', 'dt=2/a.jpg']
    assert uris('mine=other/*.jpg') == ['a.jpg']


def test_a_folder_that_may_not_be_entered_is_not_said_to_be_missing(tree, monkeypatch):
    def refuse(path):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)

    monkeypatch.setattr(os, 'lstat', refuse)
    with pytest.raises(UsageError, match='Permission denied; check the path'):
        uris(tree / 'shut/a.jpg')
