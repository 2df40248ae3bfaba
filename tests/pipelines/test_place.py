"""Where a job writes: what a wrong call takes away, and what it never does."""

import json
import os

import pytest

from mien.configs.errors import JobFailed, UsageError
from mien.pipelines.place import BEGUN, Place, has_done
from mien.pipelines.snapshot import output
from mien.transforms.parts import DONE, SNAPSHOT, WORK


def failing(place: Place, error: type[Exception], shards: int) -> None:
    with place.held():
        (place.partial / WORK / DONE).mkdir(parents=True)
        place.begun.write_text('{}')
        for shard in range(shards):
            (place.partial / WORK / DONE / f'{shard:05d}.json').write_text('{}')
        raise error('said')


def test_a_wrong_call_leaves_nothing_that_it_made(tmp_path):
    place = Place(tmp_path / 'new/out')
    with pytest.raises(UsageError):
        failing(place, UsageError, 0)
    assert not list(tmp_path.iterdir())


def test_shards_that_are_done_stay_whatever_the_error_is_called(tmp_path):
    for name, error in (('a', UsageError), ('b', JobFailed)):
        place = Place(tmp_path / name)
        with pytest.raises(error):
            failing(place, error, 2)
        assert has_done(place.partial)
        assert (place.partial / WORK / BEGUN).exists()


def test_what_cannot_be_renamed_is_refused_before_any_work(tmp_path, monkeypatch):
    (tmp_path / 'night-1').mkdir()
    for name, target in (('latest', 'night-1'), ('dangling', 'nowhere'), ('loop', 'loop')):
        (tmp_path / name).symlink_to(target)
        refused(tmp_path / name, 'is a link, and a snapshot gets to its place by a rename; name the folder itself')
    refused(tmp_path / ('x' * 250), 'cannot be written .File name too long.; name a folder that can')  # as .partial
    monkeypatch.setattr(os.path, 'ismount', lambda path: str(path) == str(tmp_path / 'night-1'))
    refused(tmp_path / 'night-1', 'is a mount point, which nothing can be renamed to; name a folder below it')


def test_nothing_is_added_to_a_finished_snapshot(tmp_path):
    said = {'files': {}, 'counts': {}, 'statuses': {}, 'tallies': {}, 'shards': 1, 'kind': 'label', 'schema_version': '1'}
    (tmp_path / 'night-1').mkdir()
    (tmp_path / 'night-1' / SNAPSHOT).write_text(json.dumps(said))
    refused(tmp_path / 'night-1/more/night-2', "lies inside of the snapshot '.*night-1'; name a folder beside that")
    (tmp_path / 'night-1' / SNAPSHOT).write_text('{}')  # somebody else's
    Place(tmp_path / 'night-1/more/night-2').refuse_strangers()


def test_a_name_that_is_no_text_is_refused(tmp_path):
    with pytest.raises(UsageError, match='its name is no UTF-8; rename it, or name another one'):
        output(os.fsdecode(os.fsencode(tmp_path) + b'/night-\xff'))


def refused(out, said):
    above = next(folder for folder in out.parents if folder.exists())
    before = sorted(above.iterdir())
    with pytest.raises(UsageError, match=said), Place(out).held():
        pass
    assert sorted(above.iterdir()) == before
