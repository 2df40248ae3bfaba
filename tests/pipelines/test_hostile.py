"""`mien label` over a folder of attacks: a row and a status for each, and nothing changes for the photos beside them."""

import dataclasses

import pytest

from mien.configs.load import load
from mien.configs.schema import LabelConfig
from mien.pipelines.demo import FACES, package_folder
from mien.pipelines.label import label
from mien.pipelines.runners import Run
from tests.hostile import MEGA, make
from tests.snapshots import rows

LIMITS = {'max_pixels': 4 * MEGA, 'max_seconds': 3.0, 'failure_ceiling': 1.0, 'shards': 2}
CONFIG = dataclasses.replace(load(LabelConfig, 'label'), **LIMITS)
HEALTHY = [package_folder(package) / name for package, names in FACES.items() for name in names]


@pytest.fixture(scope='module')
def run(tmp_path_factory):
    """A snapshot of healthy photos alone, one of the same photos among attacks, and the statuses that these may have."""
    folder = tmp_path_factory.mktemp('hostile')
    expected = {}
    for name in ('calm', 'hostile'):
        (folder / name).mkdir()
        if name == 'hostile':
            expected = make(folder / name, CONFIG.max_pixels)
        for number, path in enumerate(HEALTHY):
            (folder / name / f'{number}-{path.name}').write_bytes(path.read_bytes())
        label([str(folder / name)], str(folder / f'{name}-out'), CONFIG, Run(workers=2))
    return folder / 'calm-out', folder / 'hostile-out', expected


def test_each_attack_is_one_row_with_its_status(run):
    calm, hostile, expected = run
    uris = [row['uri'] for row in rows(hostile, 'images')]
    assert sorted(uris) == sorted([*expected, *(row['uri'] for row in rows(calm, 'images'))])
    found = {row['uri']: row['status'] for row in rows(hostile, 'images')}
    assert {uri: found[uri] for uri, statuses in expected.items() if found[uri] not in statuses} == {}


def test_no_attack_has_a_face_and_each_failure_a_reason(run):
    _, hostile, expected = run
    attacks = [row for row in rows(hostile, 'images') if row['uri'] in expected]
    assert sum(row['face_count'] for row in attacks) == 0
    assert [row['uri'] for row in attacks if not row['detail'] and row['status'] not in ('no_face', 'empty')] == []


def test_healthy_photos_have_the_rows_that_they_have_alone(run):
    calm, hostile, expected = run
    for table in ('images', 'faces', 'labels'):
        alone, among = ([row for row in rows(snapshot, table) if row['uri'] not in expected] for snapshot in (calm, hostile))
        assert sorted(alone, key=repr) == sorted(among, key=repr)
        assert len(alone) >= 2
