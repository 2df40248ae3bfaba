"""A glob reads as Python's own, on a disk and in a store; folders that hold nothing of it are not looked into."""

import glob
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mien.configs.errors import UsageError
from mien.pipelines.listing.globs import split_glob
from mien.pipelines.listing.walk import walk

NAMES = ('a', 'b', '.h', 'ab', 'a[b]', 'A')
PARTS = ('a', 'b', '*', '**', '?', 'a*', '[ab]', '[!a]', '[[]', '[b', 'a**', '.h', 'a[[]b]')


@pytest.fixture(scope='module')
def tree(tmp_path_factory):
    root = tmp_path_factory.mktemp('tree')
    for first in NAMES:
        for second in NAMES:
            (root / first / second).mkdir(parents=True)
            for name in NAMES:
                (root / first / second / name).touch()
        (root / first / 'file').touch()
    (root / 'file').touch()
    return root


@given(st.lists(st.sampled_from((*PARTS, 'file', '.')), min_size=1, max_size=4).map('/'.join).filter(glob.has_magic))
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_reads_as_pythons_own(tree, pattern):
    expected = {path for path in glob.glob(f'{tree}/{pattern}', recursive=True, include_hidden=True) if os.path.isfile(path)}
    root, wanted = split_glob(f'{tree}/{pattern}')
    walked = [os.path.join(root, below) for below, _ in walk(root, wanted, frozenset())] if os.path.isdir(root) else []
    assert len(walked) == len(set(walked))
    assert set(map(os.path.normpath, walked)) == set(map(os.path.normpath, expected))
    files = [path.relative_to(root).as_posix() for path in Path(root).rglob('*') if path.is_file()]
    assert set(filter(wanted.matches, files)) == {os.path.relpath(path, root) for path in expected}


def test_a_folder_that_holds_nothing_of_it_is_not_listed(tree, monkeypatch):
    scan, listed = os.scandir, []
    monkeypatch.setattr(os, 'scandir', lambda folder: (listed.append(folder), scan(folder))[1])
    root, wanted = split_glob(f'{tree}/*/b/a*')
    found = {below for below, _ in walk(root, wanted, frozenset())}
    assert found == {f'{first}/b/{name}' for first in NAMES for name in ('a', 'ab', 'a[b]')}
    assert {os.path.relpath(folder, tree) for folder in listed} == {'.', *NAMES, *(f'{first}/b' for first in NAMES)}


def test_what_leads_upwards_behind_a_wildcard_is_refused():
    with pytest.raises(UsageError, match='name the folder itself'):
        split_glob('photos/*/../x.jpg')
    assert split_glob('../photos/*.jpg')[0] == '../photos'
    assert split_glob('/*.jpg')[0] == '/'
