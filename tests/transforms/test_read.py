"""What can be wrong with a file is a status; what is wrong with the surroundings is an exception."""

import errno
import os
import socket

import pytest

from mien.transforms import read
from mien.transforms.read import load, read_bytes
from mien.transforms.records import Entry, Failure, Status


def status(path, limit=100):
    found = read_bytes(str(path), limit)
    return found.status if isinstance(found, Failure) else found


def test_a_file_gives_its_bytes_up_to_the_limit(tmp_path):
    path = tmp_path / 'x.jpg'
    path.write_bytes(b'12345')
    assert status(path, 5) == b'12345'
    assert status(path, 4) == Status.TOO_LARGE


class Halting:
    """A file whose reads end early, as those of a disk that fails next."""

    def __init__(self, *parts):
        self.parts = list(parts)

    def fileno(self):
        return self.file.fileno()

    def read(self, size):
        part = self.parts.pop(0) if self.parts else b''
        if isinstance(part, OSError):
            raise part
        assert len(part) <= size
        return part


@pytest.mark.parametrize(
    ('parts', 'limit', 'found'),
    [
        ((b'12', b'345'), 9, b'12345'),
        ((b'12', b''), 9, b'12'),  # it shrank
        ((b'12345',), 9, b'12345'),
        ((b'12345' + b'6', b'7'), 9, b'1234567'),  # it grew
        ((b'12345' + b'6', b'789', b'0'), 9, Status.TOO_LARGE),
        ((b'12', OSError(errno.EIO, 'Input/output error')), 9, OSError),
    ],
)
def test_a_read_that_ends_early_is_no_short_file(tmp_path, parts, limit, found):
    (tmp_path / 'five').write_bytes(b'-----')
    halting = Halting(*parts)
    with open(tmp_path / 'five', 'rb') as halting.file:
        if found is OSError:
            with pytest.raises(OSError, match='Input/output'):
                read._whole(halting, limit)
        else:
            said = read._whole(halting, limit)
            assert (said.status if isinstance(said, Failure) else said) == found


def test_what_is_gone_is_missing(tmp_path):
    (tmp_path / 'dangling').symlink_to(tmp_path / 'nowhere')
    assert status(tmp_path / 'x.jpg') == Status.MISSING
    assert status(tmp_path / 'dangling') == Status.MISSING


def test_what_is_no_file_is_never_opened(tmp_path):
    os.mkfifo(tmp_path / 'pipe')
    (tmp_path / 'loop').symlink_to(tmp_path / 'loop')
    (tmp_path / 'folder.jpg').mkdir()
    with socket.socket(socket.AF_UNIX) as server:
        os.chdir(tmp_path)  # a socket's path is at most 107 bytes
        server.bind('socket')
        assert {status(tmp_path / name) for name in ('pipe', 'loop', 'folder.jpg', 'socket')} == {Status.UNREADABLE}


def test_a_failing_disk_is_no_fact_about_the_photo(tmp_path, monkeypatch):
    """The one thing that cannot be had for real: the system's answer EIO, here from a folder of /proc that gives it."""
    monkeypatch.setattr(read, 'FIRST_PAUSE', 0.001)
    with pytest.raises(OSError, match='Input/output error'):
        read_bytes('/proc/self/mem', 100)


def test_an_entry_keeps_its_shard_and_reason(tmp_path):
    loaded = load(3, Entry('a.jpg', str(tmp_path / 'a.jpg'), 5, 1), 100)
    assert (loaded.shard, loaded.data, loaded.failure.status) == (3, b'', Status.MISSING)
