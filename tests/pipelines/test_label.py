"""`mien label` on real photos: the laws of a snapshot, and readers that we did not write."""

import dataclasses
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pandas
import pyarrow.parquet as pq
import pytest

from mien.configs.errors import JobFailed, UsageError
from mien.configs.load import load
from mien.configs.schema import LabelConfig
from mien.pipelines.label import label
from mien.pipelines.runners import Run
from mien.pipelines.snapshot import reading
from tests.snapshots import content, rows

CONFIG = dataclasses.replace(load(LabelConfig, 'label'), shards=4)


@pytest.fixture(scope='module')
def archive(photos_dir, portraits_dir, tmp_path_factory):
    """57 inputs: photos, portraits, and a few that fail."""
    folder = tmp_path_factory.mktemp('archive')
    shutil.copytree(photos_dir, folder / 'photos')
    for path in sorted(portraits_dir.iterdir())[:44]:
        shutil.copy(path, folder)
    whole = (photos_dir / 'dogs.jpg').read_bytes()
    (folder / 'cut.jpg').write_bytes(whole[:9000])
    (folder / 'empty.jpg').write_bytes(b'')
    (folder / 'text.jpg').write_text('no photo')
    (folder / 'gone.jpg').symlink_to(folder / 'nowhere')
    return folder


@pytest.fixture(scope='module')
def snapshot(archive, tmp_path_factory):
    out = tmp_path_factory.mktemp('out') / 'snapshot'
    label([str(archive)], str(out), CONFIG, Run())
    return out


def test_law_1_every_input_is_a_row_and_every_face_a_label(snapshot, archive):
    images, faces, labels = (rows(snapshot, table) for table in ('images', 'faces', 'labels'))
    assert sorted(row['uri'] for row in images) == sorted(
        path.relative_to(archive).as_posix() for path in archive.rglob('*') if not path.is_dir()
    )
    assert sum(row['face_count'] for row in images) == len(faces) == len(labels) > 100
    assert {row['face_id'] for row in faces} == {row['face_id'] for row in labels}


def test_each_failure_is_a_status_with_what_is_known(snapshot):
    images = {row['uri']: row for row in rows(snapshot, 'images')}
    expected = {
        'cut.jpg': 'truncated',
        'empty.jpg': 'empty',
        'text.jpg': 'not_an_image',
        'gone.jpg': 'missing',
        'photos/training_with_face_landmarks.xml': 'not_an_image',
        'photos/background.jpg': 'no_face',
        'photos/bald_guys.jpg': 'ok',
    }
    assert {uri: images[uri]['status'] for uri in expected} == expected
    assert (images['cut.jpg']['width'], images['cut.jpg']['size_bytes'], images['cut.jpg']['format']) == (900, 9000, 'jpeg')
    assert images['gone.jpg']['sha256'] is None


def test_parts_are_sorted_complete_and_described(snapshot):
    described = json.loads((snapshot / 'snapshot.json').read_text())
    parts = sorted(path.relative_to(snapshot).as_posix() for path in snapshot.glob('*/*.parquet') if path.parent.name != 'plan')
    assert (
        parts
        == sorted(described['files'])
        == sorted(f'{table}/part-0000{shard}-of-00004.parquet' for table in ('images', 'faces', 'labels') for shard in range(4))
    )
    for part in parts:
        uris = pq.read_table(snapshot / part, columns=['uri'])['uri'].to_pylist()
        assert uris == sorted(uris)
    assert described['counts']['images'] == 57


def test_law_2_workers_change_no_byte(snapshot, archive, tmp_path):
    label([str(archive)], str(tmp_path / 'two'), CONFIG, Run(workers=2))
    assert content(tmp_path / 'two') == content(snapshot)


def test_law_5_a_finished_snapshot_is_left_alone(snapshot, archive):
    before = {path: path.stat() for path in snapshot.rglob('*')}
    assert not label([str(archive)], str(snapshot), CONFIG, Run()).made
    assert {path: path.stat() for path in snapshot.rglob('*')} == before


def test_law_5_another_run_is_refused_with_the_difference(snapshot, archive):
    with pytest.raises(UsageError, match=r'another run \(config.min_score: 0.7 -> 0.9\).*--overwrite'):
        label([str(archive)], str(snapshot), dataclasses.replace(CONFIG, min_score=0.9), Run())
    with pytest.raises(UsageError, match=r'another run \(inputs: '):
        label([str(archive / 'photos')], str(snapshot), CONFIG, Run())


def test_overwrite_replaces_only_by_something_complete(archive, tmp_path):
    out = tmp_path / 'out'
    narrow = dataclasses.replace(CONFIG, include=('*.jpg',), limit=4, shards=1)
    label([str(archive)], str(out), narrow, Run())
    with pytest.raises(UsageError, match='none of 57 inputs'):
        label([str(archive)], str(out), dataclasses.replace(narrow, include=('nothing',)), Run(overwrite=True))
    assert len(rows(out, 'images')) == 4
    label([str(archive)], str(out), dataclasses.replace(narrow, limit=5), Run(overwrite=True))
    assert len(rows(out, 'images')) == 5
    assert [path.name for path in tmp_path.iterdir()] == ['out']


@pytest.mark.slow
def test_overwrite_waits_for_readers_and_may_read_what_it_replaces(archive, tmp_path):
    out, narrow = tmp_path / 'out', dataclasses.replace(CONFIG, include=('*.jpg',), limit=4, shards=1)
    wider, run = dataclasses.replace(narrow, limit=5), Run(overwrite=True, previous=str(out))
    label([str(archive)], str(out), narrow, Run())
    with reading(out), pytest.raises(JobFailed, match='is being read; wait for that, then the same command finishes'):
        label([str(archive)], str(out), wider, run)
    assert len(rows(out, 'images')) == 4
    assert not label([str(archive)], str(out), wider, run).made  # it was ready, and only had to be moved
    assert len(rows(out, 'images')) == 5
    assert [path.name for path in tmp_path.iterdir()] == ['out']


def test_overwrite_spares_what_is_not_ours(archive, tmp_path):
    for said in ('', '{"jest": 1}'):
        (tmp_path / 'snapshot.json').write_text(said)
        (tmp_path / 'source.js').touch()
        with pytest.raises(UsageError, match=r'holds a snapshot\.json that mien did not write'):
            label([str(archive)], str(tmp_path), CONFIG, Run(overwrite=True))
        assert sorted(path.name for path in tmp_path.iterdir()) == ['snapshot.json', 'source.js']


def test_overwrite_spares_what_somebody_has_put_beside_the_tables(archive, tmp_path):
    out = tmp_path / 'out'
    label([str(archive)], str(out), dataclasses.replace(CONFIG, limit=2), Run())
    (out / 'run.json').write_text('')  # damaged, it says nothing of other inputs
    (out / 'notes.txt').touch()
    assert not label([str(archive)], str(out), dataclasses.replace(CONFIG, limit=2), Run()).made
    with pytest.raises(UsageError, match=r"holds 'notes\.txt', which is not of its snapshot and would go with it; move it away"):
        label([str(archive)], str(out), dataclasses.replace(CONFIG, limit=3), Run(overwrite=True))
    (out / 'notes.txt').rename(out / '.notes.txt')
    assert label([str(archive)], str(out), dataclasses.replace(CONFIG, limit=3), Run(overwrite=True)).made


def test_the_ceiling_fails_the_job_and_keeps_its_shards(tmp_path, portraits_dir):
    (tmp_path / 'in').mkdir()
    for number in range(20):
        (tmp_path / f'in/{number}.jpg').write_bytes(b'')
    shutil.copy(next(portraits_dir.iterdir()), tmp_path / 'in')
    config = dataclasses.replace(CONFIG, shards=1)
    with pytest.raises(JobFailed, match=r'20 of 21 photos failed, more than the ceiling of 50% \(empty 20, ok 1\)'):
        label([str(tmp_path / 'in')], str(tmp_path / 'out'), config, Run())
    assert not (tmp_path / 'out').exists()
    with pytest.raises(UsageError, match=r'out.partial is an unfinished run of another kind \(config.min_score: 0.7 -> 0.9\)'):
        label([str(tmp_path / 'in')], str(tmp_path / 'out'), dataclasses.replace(config, min_score=0.9), Run())
    kept = (tmp_path / 'out.partial/images/part-00000-of-00001.parquet').stat()
    label([str(tmp_path / 'in')], str(tmp_path / 'out'), dataclasses.replace(config, failure_ceiling=1.0), Run())
    assert (tmp_path / 'out/images/part-00000-of-00001.parquet').stat().st_mtime_ns == kept.st_mtime_ns


def test_crops_and_whole_images_are_options(archive, tmp_path):
    label([str(archive)], str(tmp_path / 'crops'), dataclasses.replace(CONFIG, crops=True, limit=5), Run())
    assert all(row['crop'].startswith(b'\x89PNG') for row in rows(tmp_path / 'crops', 'faces'))
    label([str(archive / 'photos')], str(tmp_path / 'whole'), dataclasses.replace(CONFIG, whole_image=True), Run())
    faces = rows(tmp_path / 'whole', 'faces')
    assert len(faces) == 8
    assert all((row['landmarks'], row['detection_score'], row['roll'], row['yaw']) == (None,) * 4 for row in faces)


def test_duckdb_and_pandas_read_the_tables(snapshot):
    query = f"SELECT count(*), sum(score) FROM '{snapshot}/labels/*.parquet' JOIN '{snapshot}/faces/*.parquet' USING (face_id)"
    ((counted, total),) = duckdb.sql(query).fetchall()
    labels = pandas.read_parquet(snapshot / 'labels')
    assert counted == len(labels)
    assert total == pytest.approx(labels.score.sum(), rel=1e-5)
    best = duckdb.sql(f"SELECT bool_and(probabilities[label] = score) FROM '{snapshot}/labels/*.parquet'").fetchall()
    assert best == [(True,)]
    assert [dict(pairs)[name] for pairs, name in zip(labels.probabilities, labels.label, strict=True)] == pytest.approx(list(labels.score))


@pytest.mark.slow
def test_law_4_a_killed_run_is_finished_to_the_same_bytes(portraits_dir, tmp_path):
    """Three times kill -9 of the whole tree at random moments, then the same command."""
    chosen = tmp_path / 'in'
    chosen.mkdir()
    for path in sorted(portraits_dir.iterdir())[:240]:
        shutil.copy(path, chosen)
    label([str(chosen)], str(tmp_path / 'calm'), dataclasses.replace(CONFIG, shards=32), Run())
    command = [sys.executable, '-m', 'mien.pipelines.cli', 'label', str(chosen), '--out', str(tmp_path / 'out'), '--shards', '32']
    partial = tmp_path / 'out.partial'
    for _ in range(3):
        _kill_somewhere(command, partial / '_work/done')
        assert not (tmp_path / 'out').exists(), 'the run ended before it was killed'
    done = {f'part-{path.stem}-of-00032.parquet' for path in (partial / '_work/done').glob('*.json')}
    finished = {name: stamp for name, stamp in _stamps(partial / 'images').items() if name in done}
    subprocess.run(command, check=True, capture_output=True)
    assert content(tmp_path / 'out') == content(tmp_path / 'calm')
    assert finished.items() <= _stamps(tmp_path / 'out/images').items(), 'a finished shard was done again'


def _kill_somewhere(command: list[str], done: Path) -> None:
    """Kills a whole run at a random moment: in its start-up, or after some more of its shards."""
    enough = len(list(done.glob('*.json'))) + random.randint(0, 3)
    process = subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while len(list(done.glob('*.json'))) < enough and process.poll() is None:
        time.sleep(0.005)
    time.sleep(random.uniform(0, 0.15))
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _stamps(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in folder.glob('part-*')}
