"""A store that goes away: waited for, then said, and never taken for an answer about an object."""

import errno
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from mien.storage import files, objects, patience, tree
from mien.storage.files import Fetch
from tests.storage.servers import away

pytestmark = pytest.mark.slow  # outages take their time

ACTS = (
    lambda folder: (folder / 'x').read_bytes() == b'12345',
    lambda folder: (folder / 'x').stat().size == 5,
    lambda folder: not (folder / 'nothing').exists(),
    lambda folder: (folder / 'new' / 'y').write_bytes(b'54321') and (folder / 'new' / 'y').read_bytes() == b'54321',
    lambda folder: files.create(folder / 'new' / 'z', b'new') == (folder / 'new' / 'z').stat().etag,
    lambda folder: files.copy(folder / 'x', folder / 'new' / 'c') or (folder / 'new' / 'c').read_bytes() == b'12345',
    lambda folder: next(files.fetch_each([Fetch(folder / 'x', 99, 5)])).data == b'12345',
    lambda folder: [found.path for found in files.listing(str(folder / 'old'))] == ['1', '2'],
    lambda folder: [found.name for found in (folder / 'old').iterdir()] == ['1', '2'],
    lambda folder: (folder / 'gone').unlink() or not (folder / 'gone').exists(),
)


def test_a_short_outage_is_waited_out(stored, server):
    """By every request, all under way at once."""
    for name in ('x', 'old/1', 'old/2', 'gone'):
        (stored / name).write_bytes(b'12345')
    with away(server), ThreadPoolExecutor(len(ACTS)) as pool:
        assert list(pool.map(lambda act: act(stored), ACTS)) == [True] * len(ACTS)


def test_a_long_outage_is_no_answer(stored, server, monkeypatch):
    (stored / 'x').write_bytes(b'12345')
    monkeypatch.setattr(patience, 'PATIENCE', 1.5)
    server.stop()
    try:
        start = time.monotonic()
        with pytest.raises(OSError, match=r'\[Errno 110\]') as raised:
            (stored / 'x').exists()
        took = time.monotonic() - start
        result = next(files.fetch_each([Fetch(stored / 'x', 99, 5)]))
    finally:
        server.start()
    assert (raised.value.errno, raised.value.filename) == (errno.ETIMEDOUT, str(stored / 'x'))
    assert took >= 1.5
    assert (result.errno, result.filename) == (errno.ETIMEDOUT, str(stored / 'x'))
    assert (stored / 'x').read_bytes() == b'12345'


@pytest.mark.parametrize('server', ['moto', 'versitygw'], indirect=True)
@pytest.mark.parametrize('alone', [1, 99])
def test_an_outage_within_a_listing_costs_a_page(stored, server, monkeypatch, alone):
    names = [f'{folder}/{number:03d}' for folder in 'ab' for number in range(560)]
    files.write_each((stored / name, b'' if name.endswith('7') else b'1') for name in names)
    monkeypatch.setattr(tree, 'ALONE', alone)
    monkeypatch.setattr(tree, 'WAITING', 1)
    monkeypatch.setattr(objects, 'BATCH', 100)
    listing = files.listing(str(stored))
    found = [next(listing) for _ in range(120)]
    with away(server):
        found += listing
    assert sorted(one.path for one in found) == sorted(names)


def test_an_outage_within_a_read_costs_a_range(stored, server):
    data = b'0123456789' * 1000
    (stored / 'x').write_bytes(data)
    with (stored / 'x').open(buffering=1000) as file:
        start = file.read(1500)
        with away(server):
            assert start + file.read() == data
