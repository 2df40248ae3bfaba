"""Names within an archive: no two members have one; an image's sidecars are no inputs."""

import tempfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien.pipelines.listing import names
from mien.pipelines.listing.names import told_apart, without_sidecars
from mien.transforms.containers.member import Member
from mien.transforms.records import Failure, Status

NAMES = st.sampled_from([b'x', b'x#2', b'x#3', b'y', b'x#2#2', b'']) | st.binary(max_size=3)


def members(*names):
    return [Member(name, number, None) for number, name in enumerate(names)]


def apart(*names):
    return [member.name for member in told_apart(members(*names))]


def left(*names):
    return [member.name for member in without_sidecars(members(*names))]


def test_the_second_of_a_name_is_numbered():
    assert apart(b'x', b'y', b'x', b'x') == [b'x', b'y', b'x#2', b'x#3']
    assert apart(b'x#2', b'x', b'x', b'x') == [b'x#2', b'x', b'x#3', b'x#4']
    assert apart(b'x', b'x', b'x#2') == [b'x', b'x#2', b'x#2#2']


@given(st.lists(NAMES, max_size=30))
def test_no_two_have_one_name_and_the_first_keeps_its_own(names):
    found = apart(*names)
    assert len(set(found)) == len(names)
    assert [member.size for member in told_apart(members(*names))] == [*range(len(names))]
    for name, given_name in zip(found, names, strict=True):
        assert name == given_name or (name.startswith(given_name + b'#') and given_name in found)


def test_sidecars_share_an_images_stem():
    assert left(b'a.jpg', b'a.json', b'a.txt', b'a.cls', b'd/a.json', b'a.xml') == [b'a.jpg', b'a.xml', b'd/a.json']
    assert left(b'a.json', b'b.JSON', b'a.PNG', b'b.webp') == [b'a.PNG', b'b.webp']
    assert left(b'a.b.jpg', b'a.json', b'a.b.json', b'.json', b'.jpg') == [b'a.b.jpg', b'.json', b'.jpg', b'a.json']


def test_what_is_said_of_the_archive_itself_has_no_name():
    itself = Member(None, 1, None, Failure(Status.TRUNCATED, ''))
    assert list(told_apart([itself, itself])) == [itself, itself]
    assert list(without_sidecars([*members(b'a.json'), itself])) == [itself, *members(b'a.json')]


def test_a_held_member_comes_back_as_it_was():
    (alone,) = members(b'caf\xe9.txt')
    assert list(without_sidecars([alone])) == [alone]


@pytest.mark.parametrize('listed', [told_apart, without_sidecars])
def test_a_full_disk_of_temporary_files_says_so(listed, monkeypatch):
    monkeypatch.setattr(names, 'TABLES', names.TABLES + 'PRAGMA max_page_count = 8;')
    with pytest.raises(OSError, match='No space left on device') as error:
        list(listed(members(*(b'%d.txt' % number for number in range(10_000)))))
    assert error.value.filename == tempfile.gettempdir()
