"""A store in the place of a disk: the same inputs, the same bytes, the same laws. A contract with an S3 server that we did not write."""

from __future__ import annotations

import dataclasses
import json
import os
import socket
import tarfile
import threading

import pytest

from mien.configs.errors import JobFailed, UsageError
from mien.configs.load import load
from mien.configs.schema import LabelConfig
from mien.pipelines import lease
from mien.pipelines.diff import Limits, diff
from mien.pipelines.inputs import list_inputs, sources
from mien.pipelines.label import label
from mien.pipelines.lease import Lease, is_read
from mien.pipelines.prune import prune
from mien.pipelines.recipe import Recipe
from mien.pipelines.runners import Run
from mien.pipelines.snapshot import output, reading
from mien.pipelines.verify import verify
from mien.storage import objects
from tests.generated import make_photos
from tests.pipelines.stored import bucket, place, put, stored_content
from tests.snapshots import content

pytestmark = pytest.mark.slow

CONFIG = dataclasses.replace(load(LabelConfig, 'label'), whole_image=True, shards=2)


@pytest.fixture(scope='module')
def server():
    with bucket() as found:
        yield found


@pytest.fixture
def store(server, monkeypatch):
    return place(server, monkeypatch)


@pytest.fixture(scope='module')
def photos(tmp_path_factory):
    """Six photos, one of them in a folder, and what is none."""
    folder = tmp_path_factory.mktemp('disk') / 'photos'
    make_photos(folder, 5)
    make_photos(folder / 'below é', 1)
    (folder / 'empty.jpg').touch()
    (folder / 'note.txt').write_text('no photo')
    return folder


@pytest.fixture(scope='module')
def calm(photos):
    """What a disk gets."""
    label([str(photos)], str(photos.parent / 'out'), CONFIG, Run())
    return content(photos.parent / 'out')


def test_a_store_gets_the_bytes_that_a_disk_gets(store, photos, calm):
    put(photos, store / 'photos')
    assert label([str(store / 'photos')], str(store / 'out'), CONFIG, Run(workers=2)).made
    assert stored_content(store / 'out') == calm
    assert not verify(str(store / 'out')).findings
    assert not label([str(store / 'photos')], str(store / 'out'), CONFIG, Run()).made


def test_what_has_not_changed_is_taken_over(store, photos, calm):
    put(photos, store / 'photos')
    label([str(store / 'photos')], str(store / 'dt=1'), CONFIG, Run())
    (store / 'photos' / 'note.txt').unlink()
    label([str(store / 'photos')], str(store / 'dt=2'), CONFIG, Run(previous=str(store / 'dt=1')))
    label([str(store / 'photos')], str(store / 'full'), CONFIG, Run())
    assert stored_content(store / 'dt=2') == stored_content(store / 'full') != calm
    assert diff(str(store / 'dt=1'), str(store / 'dt=2'), Limits()).changes.photos_removed.count == 1


def test_another_run_is_refused_and_may_be_overwritten(store, photos, calm):
    put(photos, store / 'photos')
    label([str(store / 'photos')], str(store / 'out'), dataclasses.replace(CONFIG, shards=4), Run())
    with pytest.raises(UsageError, match='shards: 4 -> 2'):
        label([str(store / 'photos')], str(store / 'out'), CONFIG, Run())
    label([str(store / 'photos')], str(store / 'out'), CONFIG, Run(overwrite=True))
    assert stored_content(store / 'out') == calm


def test_what_is_read_is_not_overwritten_yet(store, monkeypatch):
    monkeypatch.setattr(lease, 'BEAT', 0.2)
    finish(store / 'out', 'old')
    with reading(store / 'out'), pytest.raises(JobFailed, match='is being read'):
        finish(store / 'out', 'new')
    old = stored_content(store / 'out')
    finish(store / 'out', 'new')
    assert stored_content(store / 'out') != old


def test_strangers_are_left_alone(store, photos):
    put(photos, store / 'out')
    with pytest.raises(UsageError, match='it is not ours'):
        label([str(photos)], str(store / 'out'), CONFIG, Run())
    with pytest.raises(UsageError, match='is an object'):
        label([str(photos)], str(store / 'out/note.txt'), CONFIG, Run())
    assert len(list((store / 'out').rglob('*'))) == 8


def test_a_wrong_call_leaves_nothing(store, photos):
    with pytest.raises(UsageError, match='holds no file'):
        label([str(store / 'nothing')], str(store / 'out'), CONFIG, Run())
    assert not (store / 'out').is_dir()


@pytest.mark.parametrize('given', ['photos', 'photos/*.jpg', 'photos/**/*.jpg', 'photos.tar', 'photos/list.txt', 'photos/[!a]*/?*'])
def test_the_same_inputs_are_found(given, store, photos, tmp_path):
    folder = tmp_path / 'photos'
    make_photos(folder, 4)
    make_photos(folder / 'a [1]', 2)
    make_photos(folder / 'b', 2)
    first = sorted(folder.glob('*.jpg'))[0]
    first.with_suffix('.json').write_text('{}')  # a sidecar
    (folder / '.hidden').touch()
    (folder / 'list.txt').write_text(f'{first.name}\nb/../{first.name}\nb/gone.jpg\n')
    with tarfile.open(tmp_path / 'photos.tar', 'w') as tar:
        tar.add(folder, 'in')
    put(tmp_path, store)
    here, there = (list(list_inputs(sources([f'{root}/{given}']), CONFIG, [])) for root in (tmp_path, store))
    assert sorted(entry.uri for entry in there) == sorted(entry.uri for entry in here)
    assert {entry.uri: entry.size for entry in there} == {entry.uri: entry.size for entry in here}
    assert all(entry.etag for entry in there if entry.size is not None)


class Killed(BaseException):
    """Ends everything at once."""


def killed_at(step, monkeypatch):
    """Before the n-th change of a store, and from then on at every one: a dead process changes nothing more."""
    left, guard = [step], threading.Lock()

    def dying(change):
        def wrapped(*said):
            with guard:
                left[0] -= 1
                if left[0] < 0:
                    raise Killed
            return change(*said)

        return wrapped

    for name in ('put', 'create', 'replace', 'copy', 'delete'):
        monkeypatch.setattr(objects, name, dying(getattr(objects, name)))
    monkeypatch.setattr('mien.storage.files.create', objects.create)
    monkeypatch.setattr('mien.pipelines.lease.create', objects.create)
    monkeypatch.setattr('mien.pipelines.lease.replace', objects.replace)


def finish(out, digest):
    """Moves a snapshot of three files into place, over whatever stands there."""
    recipe, made = Recipe('label', {}, {'model': digest}), output(str(out))
    with made.held() as settled:
        if made.is_finished(recipe, [], overwrite=True, settled=settled):
            return
        made.begin(recipe, [], overwrite=True)
        files = {f'images/part-0000{number}-of-00002.parquet': digest for number in range(2)}
        for name in files:
            (made.partial / name).write_bytes(digest.encode())
        (made.partial / 'plan' / 'listed.json').write_bytes(b'{}')
        numbers = {'shards': 2, 'counts': {}, 'statuses': {}, 'tallies': {}}
        made.complete(recipe.as_dict() | numbers | {'files': files}, {'inputs': []})


@pytest.mark.parametrize('older', [False, True])
def test_killed_at_any_change_the_next_one_finishes(older, store, monkeypatch):
    finish(store / 'calm', 'new')
    calm, step, ended = stored_content(store / 'calm'), 0, False
    while not ended:
        out = store / f'out{step}'
        if older:
            finish(out, 'old')
        with monkeypatch.context() as patched:
            killed_at(step, patched)
            try:
                finish(out, 'new')
                ended = True
            except Killed:
                pass
        monkeypatch.setattr(lease, '_is_dead', lambda said: True)
        finish(out, 'new')
        assert stored_content(out) == calm, step
        step += 1
    assert step > 10


def test_a_living_holder_is_named_and_a_dead_one_is_nobody(store, monkeypatch):
    monkeypatch.setattr(lease, 'BEAT', 0.2)
    monkeypatch.setattr(lease, 'LOOK', 0.1)
    monkeypatch.setattr(lease, 'PATIENCE', 2.0)
    mine = Lease(store / 'lease.json', store)
    with pytest.raises(UsageError, match=f'is being written by process {os.getpid()} on {socket.gethostname()}'):
        Lease(store / 'lease.json', store)
    mine.give_back()
    (store / 'lease.json').write_bytes(json.dumps({'host': 'elsewhere', 'process': 1, 'started': 'long ago'}).encode())
    Lease(store / 'lease.json', store).give_back()
    assert not (store / 'lease.json').exists()


def test_a_process_that_was_not_heard_of_learns_that_it_lost(store, monkeypatch):
    monkeypatch.setattr(lease, 'PATIENCE', 1.0)
    silent = Lease(store / 'lease.json', store)
    other = Lease(store / 'lease.json', store)
    with pytest.raises(JobFailed, match='another process took it over'):
        silent.check()
    silent.give_back()
    other.check()
    other.give_back()


def test_of_nights_in_a_store_the_last_ones_stay_and_what_is_read(store, monkeypatch):
    monkeypatch.setattr(lease, 'BEAT', 0.2)
    for night in range(4):
        finish(store / f'dt={night}', 'new')
    with reading(store / 'dt=1'):
        said = list(prune(str(store), 1))
    assert [line.rpartition('/')[2] for line in said] == ['dt=0: removed', 'dt=1: left, it is being read', 'dt=2: removed']
    assert {path.name for path in store.iterdir()} == {'dt=1', 'dt=3'}
    assert not is_read(store / 'dt=1')
