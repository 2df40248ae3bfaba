"""Where a job writes: what a wrong call takes away, and what it never does."""

import pytest

from mien.configs.errors import JobFailed, UsageError
from mien.pipelines.place import BEGUN, Place, has_done
from mien.transforms.parts import DONE, WORK


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
