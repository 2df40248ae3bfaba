"""What a store does and a disk does not: etags, conditions, versions; and which errors it raises."""

import errno
import threading

import pytest

from mien.configs.errors import UsageError
from mien.storage import files
from mien.storage.check import check
from mien.storage.errors import Changed
from mien.storage.files import Fetch
from mien.storage.path import StorePath, located


def test_an_object_is_the_same_however_it_is_asked_for(stored):
    """A plan holds what the listing says; a later request must find the same."""
    (stored / 'x').write_bytes(b'12345')
    listed = next(files.listing(str(stored)))
    found, fetched = (stored / 'x').stat(), next(files.fetch_each([Fetch(stored / 'x', 99, 5)]))
    with (stored / 'x').open() as file:
        opened = file.raw.found
    assert (listed.path, listed.size) == ('x', 5)
    assert listed.etag == found.etag == fetched.etag == opened.etag is not None
    assert (listed.size, listed.mtime_ns) == (found.size, found.mtime_ns) == (found.st_size, found.st_mtime_ns)


def test_one_of_many_creates(stored):
    results = []

    def write(number):
        try:
            results.append((number, files.create(stored / 'lease', b'%d' % number)))
        except FileExistsError as error:
            results.append((number, error))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    winners = [number for number, result in results if not isinstance(result, Exception)]
    assert len(results) == 8
    assert len(winners) == 1
    assert (stored / 'lease').read_bytes() == b'%d' % winners[0]
    assert {result.errno for _, result in results if isinstance(result, Exception)} == {errno.EEXIST}


def test_an_object_is_replaced_by_who_knows_it(stored):
    lease = stored / 'lease'
    first = files.create(lease, b'one')
    second = files.replace(lease, b'two', first)
    assert second == lease.stat().etag != first
    with pytest.raises(Changed) as raised:
        files.replace(lease, b'three', first)
    assert raised.value.filename == str(lease)
    assert lease.read_bytes() == b'two'
    lease.unlink()
    with pytest.raises(Changed):
        files.replace(lease, b'four', second)
    assert not lease.exists()


def test_what_is_replaced_while_it_is_read_is_stale(stored):
    (stored / 'x').write_bytes(b'1' * 100)
    with (stored / 'x').open(buffering=10) as file:
        assert file.read(10) == b'1' * 10
        (stored / 'x').write_bytes(b'2' * 100)
        with pytest.raises(OSError, match='Stale') as raised:
            file.read()
    assert raised.value.errno == errno.ESTALE
    with (stored / 'x').open() as file:
        (stored / 'x').unlink()
        with pytest.raises(OSError, match=r'Stale|No such') as raised:
            file.read()
    assert raised.value.errno in (errno.ESTALE, errno.ENOENT)


def test_objects_are_fetched_in_order_and_large_ones_left(stored):
    files.write_each((stored / f'{number}', b'x' * number) for number in range(60))
    asked = [Fetch(stored / f'{number}', 50, number) for number in (59, 50, 99, *range(49))]
    results = list(files.fetch_each(iter(asked), threads=4))
    assert (results[0].data, results[0].size, results[0].is_too_large) == (b'', 59, True)
    assert (results[1].data, results[1].size, results[1].is_too_large) == (b'x' * 50, 50, False)
    assert (type(results[2]), results[2].errno, results[2].filename) == (FileNotFoundError, errno.ENOENT, str(stored / '99'))
    assert [result.data for result in results[3:]] == [b'x' * number for number in range(49)]


def test_what_is_read_ahead_is_limited_by_bytes_too(monkeypatch):
    """Results of 40 bytes, of which 100 may wait: three are begun before the first is wanted, each next one when another has gone."""
    monkeypatch.setattr(files, 'AHEAD', 100)
    begun = []
    results = files.ahead(lambda item: item, (begun.append(item) or item for item in range(9)), bool, 8, lambda item: 40)
    for wanted in range(7):
        assert next(results) == wanted
        assert begun == [*range(wanted + 3)]
    assert [*results] == [7, 8]


def test_one_that_is_larger_than_all_that_may_wait_is_read(monkeypatch):
    monkeypatch.setattr(files, 'AHEAD', 100)
    assert [*files.ahead(lambda item: item, range(3), bool, 8, lambda item: 1000)] == [0, 1, 2]


@pytest.mark.parametrize('key', ['a//b', '../x', 'a/./b', 'a\x01b'])
def test_a_key_that_cannot_be_named(stored, key):
    with pytest.raises(UsageError, match='rename it or narrow the INPUT'):
        StorePath(stored.scheme, stored.bucket, key).read_bytes()


def test_a_store_that_can_be_used(stored):
    check(str(stored))
    check(stored)
    check('/nowhere')


def test_no_such_bucket(stored):
    with pytest.raises(UsageError, match='there is no such bucket') as raised:
        check(located(f'{stored.scheme}://missing-bucket/x'))
    assert str(raised.value).startswith(f'{stored.scheme}://missing-bucket/x: ')
    assert '\n' not in str(raised.value)


def test_a_bucket_that_went_away_is_no_answer_about_a_photo(server):
    path = located(f'{server.scheme}://missing-bucket/x.jpg')
    with pytest.raises(OSError, match=r'\[Errno 110\]') as raised:
        path.read_bytes()
    assert (raised.value.errno, raised.value.filename) == (errno.ETIMEDOUT, str(path))
    assert 'NoSuchBucket' in str(raised.value.__cause__)
    for act in (path.stat, lambda: path.write_bytes(b''), lambda: next(path.parent.iterdir())):
        with pytest.raises(OSError, match=r'\[Errno 110\]'):
            act()


def test_a_url_without_a_bucket():
    with pytest.raises(UsageError, match='names no bucket'):
        located('s3:///x')


@pytest.mark.parametrize(
    ('url', 'text'),
    [('s3://b-1/a/b/', 's3://b-1/a/b'), ('s3://b-1', 's3://b-1'), ('gs://b-1/', 'gs://b-1'), ('/tmp/x/', '/tmp/x'), ('x', 'x')],
)
def test_a_url_is_said_as_it_was_given(url, text):
    assert str(located(url)) == text
    assert str(located(located(url), 'c', 'd/e')) == f'{text}/c/d/e'
