"""`mien verify`: whatever is changed about a snapshot is found, and an untouched one is not accused."""

import dataclasses
import json
import random
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mien.configs.errors import UsageError
from mien.configs.load import load
from mien.configs.schema import BuildConfig, LabelConfig
from mien.pipelines import cli
from mien.pipelines.build import build
from mien.pipelines.diff import diff
from mien.pipelines.label import label
from mien.pipelines.runners import Run
from mien.pipelines.verify import verify
from tests.generated import make_photos
from tests.snapshots import PART, digest, redescribe, rewrite


@pytest.fixture(scope='module')
def made(tmp_path_factory):
    """31 photos of one face each and an empty file, in four shards."""
    folder = tmp_path_factory.mktemp('made')
    photos = make_photos(folder / 'in', 31)
    (photos / 'empty.jpg').write_bytes(b'')
    label([str(photos)], str(folder / 'out'), dataclasses.replace(load(LabelConfig, 'label'), whole_image=True, shards=4), Run())
    return folder / 'out'


@pytest.fixture
def snapshot(made, tmp_path):
    return Path(shutil.copytree(made, tmp_path / 'out'))


def found(snapshot: Path) -> set[tuple[str, str]]:
    return {(finding.file, finding.what) for finding in verify(str(snapshot)).findings}


def with_value(column: str, value: object):
    return lambda rows: [rows[0] | {column: value}, *rows[1:]]


def test_an_untouched_one_is_said_to_be_whole(made, capsys):
    assert cli.main(['verify', str(made)]) == 0
    assert (
        capsys.readouterr().out == f'{made}: 12 files and 94 rows are as they were written and add up\n'
    )  # 32 photos, 31 faces and labels


def test_what_build_writes_is_understood(tmp_path):
    for seed, name in enumerate(('anger', 'happiness')):
        make_photos(tmp_path / 'in' / name, 12, size=64, seed=seed)
    (tmp_path / 'in/anger/empty.jpg').write_bytes(b'')
    config = dataclasses.replace(load(BuildConfig, 'build'), whole_image=True, shards=4)
    build([str(tmp_path / 'in')], str(tmp_path / 'out'), config, Run())
    assert found(tmp_path / 'out') == set()
    (record,) = (tmp_path / 'out').glob('*-train.tfrecord-*')
    flip(record, 100)
    rewrite(tmp_path / 'out', 'examples', lambda rows: [rows[0] | {'face_id': 'nobody-0', 'label_name': 'fear'}, *rows[1:]])
    findings = found(tmp_path / 'out')
    assert {file for file, _ in findings} == {record.name, f'examples/{PART}', 'snapshot.json'}
    assert any(file == f'examples/{PART}' and what.endswith('a face is named that is not there') for file, what in findings)
    assert any(what.startswith('tallies of ') and what.endswith('says 0 fear, the rows say 1') for _, what in findings)


def test_splits_that_leak_and_duplicates_that_do_not_add_up_are_found(tmp_path):
    for seed, name in enumerate(('anger', 'happiness')):
        make_photos(tmp_path / 'in' / name, 12, size=64, seed=seed)
    (tmp_path / 'in/anger/0012.jpg').write_bytes((tmp_path / 'in/anger/0000.jpg').read_bytes())
    config = dataclasses.replace(load(BuildConfig, 'build'), whole_image=True, shards=4, duplicates='all')
    out = tmp_path / 'out'
    build([str(tmp_path / 'in')], str(out), config, Run())
    assert found(out) == set()
    splits = iter(('train', 'test'))
    for number in range(4):
        part = f'part-{number:05d}-of-00004.parquet'
        rewrite(out, 'examples', lambda rows: [row | ({'split': next(splits)} if row['group_id'] else {}) for row in rows], part)
        rewrite(out, 'duplicates', lambda rows: [row | {'pixels': row['uri']} for row in rows], part)
    findings = {what for _, what in found(out)}
    for what in ('groups of duplicates', 'pictures'):
        assert f"1 {what} stand in more than one split, as in 'anger/0000.jpg' (train), 'anger/0012.jpg' (test)" in findings or (
            f"1 {what} stand in more than one split, as in 'anger/0012.jpg' (train), 'anger/0000.jpg' (test)" in findings
        )
    assert 'duplicates: says 1 groups of identical faces, the rows say 0' in findings
    rewrite(out, 'examples', lambda rows: [row | {'split': 'holdout'} for row in rows])
    assert any(what.startswith('tallies of holdout: says 0 ') for _, what in found(out))


def flip(path: Path, place: int) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize('seed', range(5))
def test_one_flipped_bit_is_found_in_whatever_file(snapshot, seed):
    chance = random.Random(seed)
    name = chance.choice(sorted(json.loads((snapshot / 'snapshot.json').read_text())['files']))
    flip(snapshot / name, chance.randrange((snapshot / name).stat().st_size))
    ((file, what),) = found(snapshot)
    assert file == name
    assert what.startswith(f'has changed: SHA-256 is {digest(snapshot / name)}')


def test_a_missing_file_and_files_too_many_are_named(snapshot):
    (snapshot / 'labels' / PART).unlink()
    (snapshot / 'faces/.hidden').touch()
    (snapshot / '_work').mkdir()
    (snapshot / '_work/lock').touch()
    (snapshot / 'plan/more').touch()
    assert found(snapshot) == {
        (f'labels/{PART}', 'is missing'),
        ('faces/.hidden', 'is not named in snapshot.json'),
        ('_work/lock', 'is not named in snapshot.json'),
    }


def test_pages_of_a_plan_that_are_broken_are_named(snapshot):
    path = snapshot / 'plan' / PART
    data = bytearray(path.read_bytes())
    start = data.index(b'PAR1') + 4
    data[start + 20 : start + 60] = bytes(40)  # in a page; the footer stands at the end
    path.write_bytes(data)
    assert [file for file, what in found(snapshot) if 'is no Parquet file' in what] == [f'plan/{PART}']


def test_a_part_whose_texts_are_none_and_a_plan_of_other_columns_are_named(snapshot):
    plan, images = snapshot / 'plan' / PART, snapshot / 'images' / PART
    plan.write_bytes(images.read_bytes())
    with pq.ParquetWriter(images, pa.schema([pa.field('uri', pa.string())])) as writer:
        writer.write_table(pa.table({'uri': ['only one']}))
    images.write_bytes(images.read_bytes().replace(b'only one', b'\xffnly one'))
    findings = found(snapshot)
    assert (f'plan/{PART}', 'has other columns than a plan') in findings
    assert any(file == f'images/{PART}' and what.startswith('has changed: SHA-256') for file, what in findings)


def test_a_broken_and_a_missing_plan_are_named(snapshot):
    (snapshot / 'plan' / PART).write_bytes(b'PAR1 no more')
    (snapshot / 'plan' / PART.replace('00001', '00002', 1)).unlink()
    findings = dict(found(snapshot))
    assert findings.keys() == {f'plan/{PART}', f'plan/{PART.replace("00001", "00002", 1)}'}
    assert 'is no Parquet file' in findings[f'plan/{PART}']


@pytest.mark.parametrize(
    ('table', 'change', 'file', 'what'),
    [
        ('images', with_value('face_count', 2), f'faces/{PART}', 'faces are not as many as face_count'),
        ('images', with_value('face_count', 2), 'labels', 'holds 31 rows, and face_count adds up to 32'),
        ('images', with_value('image_id', '0' * 16), f'images/{PART}', 'its image_id is that of another uri'),
        ('images', with_value('status', 'corrupt'), 'snapshot.json', 'statuses: says 0 corrupt, the rows say 1'),
        ('images', lambda rows: rows[1:], f'images/{PART}', 'planned, and has no row'),
        ('images', lambda rows: rows[1:], f'faces/{PART}', 'no photo of this shard'),
        ('images', lambda rows: [rows[0], *rows], f'images/{PART}', 'has a row more than planned'),
        ('images', lambda rows: [rows[0], *rows], 'images', '2 rows have image_id'),
        ('plan', lambda rows: rows[1:], f'images/{PART}', 'has a row more than planned'),
        ('faces', with_value('face_index', 1), f'faces/{PART}', 'faces are not numbered 0, 1, ...'),
        ('faces', with_value('face_id', 'nobody-0'), f'faces/{PART}', 'an id of its faces is that of another one'),
        ('faces', lambda rows: rows[1:], 'snapshot.json', 'counts: says 31 faces, the rows say 30'),
        ('labels', lambda rows: rows[1:], f'labels/{PART}', 'a face has no label'),
        ('labels', lambda rows: [rows[0], *rows], f'labels/{PART}', 'a label has no face, or the label of another'),
        ('labels', with_value('face_id', 'nobody-0'), f'labels/{PART}', 'a label has no face, or the label of another'),
    ],
)
def test_rows_that_do_not_add_up_are_found(snapshot, table, change, file, what):
    rewrite(snapshot, table, change)
    assert any(name == file and what in said for name, said in found(snapshot)), found(snapshot)


def test_a_snapshot_that_says_another_recipe_than_its_parts(snapshot):
    config = json.loads((snapshot / 'snapshot.json').read_text())['config']
    redescribe(snapshot, config=config | {'min_score': 0.1})
    assert len(found(snapshot)) == 12
    assert all('was made by recipe' in what for _, what in found(snapshot))


def test_findings_are_lines_and_status_3(snapshot, capsys):
    (snapshot / 'extra').touch()
    assert cli.main(['verify', str(snapshot)]) == 3
    assert capsys.readouterr().out == 'extra: is not named in snapshot.json\n'
    assert cli.main(['verify', str(snapshot), '--json']) == 3
    assert json.loads(capsys.readouterr().out) == {
        'folder': str(snapshot),
        'files': 12,
        'rows': 94,
        'findings': [{'file': 'extra', 'what': 'is not named in snapshot.json'}],
    }


WRONG = {
    'files': [{'a': 1}, {'../a': ''}, {'/a': ''}],
    'counts': [{}, {'images': 1, 'faces': 1}, {'images': 1, 'faces': 1, 'labels': True}],
    'statuses': [{'ok': '31'}, {'ok': -1}, {'ok': None}],
    'tallies': [{'rejects': 1}, {'rejects': {'tie': 'x'}}],
    'shards': [0, -4, 3, 2**40, True],
    'kind': ['', 'prune'],
    'config': [None, [], {'classes': 7}, {'classes': [1]}],
    'digests': [None, 'x', {'model': 1}],
}


@pytest.mark.parametrize(('key', 'value'), [(key, value) for key, values in WRONG.items() for value in values])
def test_what_mien_never_says_is_a_wrong_call(snapshot, made, key, value):
    redescribe(snapshot, **{key: value})
    for call in (lambda: verify(str(snapshot)), lambda: diff(str(snapshot), str(made)), lambda: diff(str(made), str(snapshot))):
        with pytest.raises(UsageError, match=rf'snapshot\.json says of .*{key}.* what mien never writes'):
            call()


def test_what_is_no_snapshot_is_a_wrong_call(snapshot, tmp_path, capsys):
    with pytest.raises(UsageError, match='no such folder'):
        verify(str(tmp_path / 'nowhere'))
    (tmp_path / 'night.partial').mkdir()
    for folder in ('night.partial', 'night'):
        (tmp_path / folder).mkdir(exist_ok=True)
        with pytest.raises(UsageError, match='is unfinished; the command that began it goes on'):
            verify(str(tmp_path / folder))
    redescribe(snapshot, files=None, shards='4')
    with pytest.raises(UsageError, match=r'snapshot\.json lacks files, shards'):
        verify(str(snapshot))
    (snapshot / 'snapshot.json').write_text('{"files"')
    with pytest.raises(UsageError, match=r'snapshot\.json is no JSON'):
        verify(str(snapshot))
    (snapshot / 'snapshot.json').unlink()
    assert cli.main(['verify', str(snapshot)]) == 2
    assert 'it is no snapshot; name the folder of one' in capsys.readouterr().err
