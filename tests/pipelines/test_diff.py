"""`mien diff` of two label runs: what was changed between them is what it says, whatever their number of shards."""

import dataclasses
import json
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien.configs.errors import JobFailed
from mien.configs.load import load
from mien.configs.schema import LabelConfig
from mien.models.package import ModelPackage, find
from mien.pipelines import cli
from mien.pipelines.changes import Changes, Comparison
from mien.pipelines.diff import Numbers
from mien.pipelines.finished import describe
from mien.pipelines.label import label
from mien.pipelines.pairs import Label, Pair, Photo, moved, pairs
from mien.pipelines.prune import prune
from mien.pipelines.runners import Run
from tests.archives import make_hugging_face
from tests.diffs import compared, counts, uris
from tests.generated import make_photos
from tests.snapshots import rows

LABEL = dataclasses.replace(load(LabelConfig, 'label'), whole_image=True)


def label_into(out: Path, inputs: Path, config: LabelConfig = LABEL, **values: object) -> Path:
    label([str(inputs)], str(out), dataclasses.replace(config, **values), Run())
    return out


@pytest.fixture(scope='module')
def photos(tmp_path_factory):
    return make_photos(tmp_path_factory.mktemp('photos') / 'in', 30)


@pytest.fixture(scope='module')
def old(photos):
    return label_into(photos.parent / 'old', photos, shards=4)


@pytest.fixture(scope='module')
def changed(photos):
    """The photos, but one is gone, one new, one another's copy, one an empty file."""
    folder = Path(shutil.copytree(photos, photos.parent / 'changed'))
    (folder / '0000.jpg').unlink()
    shutil.copy(photos / '0001.jpg', folder / 'new.jpg')
    shutil.copy(photos / '0002.jpg', folder / '0003.jpg')
    (folder / '0004.jpg').write_bytes(b'')
    return folder


@pytest.fixture(scope='module')
def new(changed):
    return label_into(changed.parent / 'new', changed, shards=1)


@pytest.fixture(scope='module')
def relabelled(photos):
    """The photos labelled by the same model with the names of its classes turned round."""
    folder = Path(shutil.copytree(find('default').folder, photos.parent / 'turned'))
    package = ModelPackage.load(folder)
    dataclasses.replace(package, name='turned', classes=package.classes[::-1]).write_manifest()
    return label_into(photos.parent / 'relabelled', photos, shards=8, model=str(folder))


def test_one_snapshot_twice_has_no_difference(old, capsys):
    found = compared(old, old, drift=0, changed=0)
    assert (counts(found), found.made, found.exceeded, found.changed_share) == ({}, [], [], 0)
    assert (found.photos, found.statuses) == (Numbers(30, 30), {'ok': Numbers(30, 30)})
    assert found.balance['faces'].psi == 0
    assert cli.main(['diff', str(old), str(old), '--max-drift', '0', '--max-changed', '0']) == 0
    assert 'no difference\n' in capsys.readouterr().out


def test_an_added_a_removed_a_replaced_and_an_emptied_photo_are_told(old, new):
    found = compared(old, new)
    assert counts(found) == {'photos_added': 1, 'photos_removed': 1, 'content': 2, 'status': 1} | relabelled_by_replacing(old, new)
    assert (uris(found.changes.photos_added), uris(found.changes.photos_removed)) == (['new.jpg'], ['0000.jpg'])
    assert uris(found.changes.content) == ['0003.jpg', '0004.jpg']
    assert (uris(found.changes.status), found.changes.status.moves) == (['0004.jpg'], {'ok -> empty': 1})
    assert found.statuses == {'empty': Numbers(0, 1), 'ok': Numbers(30, 29)}
    assert found.made == ['config.shards: 4 -> 1']
    assert sum(one.old for one in found.balance['faces'].classes.values()) == 30
    assert sum(one.new for one in found.balance['faces'].classes.values()) == 29


def relabelled_by_replacing(old: Path, new: Path) -> dict[str, int]:
    before, after = ({row['uri']: row['label'] for row in rows(folder, 'labels')} for folder in (old, new))
    return {'relabelled': 1} if before['0003.jpg'] != after['0003.jpg'] else {}


def test_backwards_it_is_the_opposite(old, new):
    there, back = compared(old, new), compared(new, old)
    assert back.changes.photos_added.named == there.changes.photos_removed.named
    assert back.changes.status.moves == {'empty -> ok': 1}
    assert back.balance['faces'].psi == pytest.approx(there.balance['faces'].psi)


def test_another_model_relabels_the_faces_and_is_named(old, relabelled):
    found = compared(old, relabelled)
    before, after = ({row['face_id']: row['label'] for row in rows(folder, 'labels')} for folder in (old, relabelled))
    moves = [f'{before[face]} -> {after[face]}' for face in before if before[face] != after[face]]
    assert 10 < len(moves) <= 30
    assert counts(found) == {'relabelled': len(moves)}
    assert found.changes.relabelled.moves == {move: moves.count(move) for move in moves}
    assert (
        uris(found.changes.relabelled)
        == sorted(row['uri'] for row in rows(old, 'labels') if before[row['face_id']] != after[row['face_id']])[:10]
    )
    assert found.changed_share == len(moves) / 30
    assert [line.split(':')[0] for line in found.made] == ['config.shards', 'digests.model']


def test_names_are_ten_and_a_count_for_a_person_and_a_program(old, relabelled, capsys):
    assert cli.main(['diff', str(old), str(relabelled)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == [f'old: {old}', f'new: {relabelled}']
    assert lines[3].startswith("made differently: digests.model: '")
    (title,) = [index for index, line in enumerate(lines) if line.startswith('faces relabelled: ')]
    number = int(lines[title].split()[2])
    assert all(line.startswith("  '") and ' -> ' in line for line in lines[title + 1 : title + 11])
    assert lines[title + 11] == f'  and {number - 10} more'
    assert cli.main(['diff', str(old), str(relabelled), '--json']) == 0
    out = capsys.readouterr().out
    assert out.count('\n') == 1
    change = json.loads(out)['changes']['relabelled']
    assert (change['count'], len(change['named'])) == (number, 10)
    assert json.loads(out) == json.loads(json.dumps(dataclasses.asdict(compared(old, relabelled))))


def test_past_a_limit_the_status_is_3_and_the_limit_is_named(old, relabelled, capsys):
    psi = compared(old, relabelled).balance['faces'].psi
    assert cli.main(['diff', str(old), str(relabelled), '--max-drift', str(psi), '--max-changed', '1']) == 0
    capsys.readouterr()
    assert cli.main(['diff', str(old), str(relabelled), '--max-drift', str(psi * 0.99)]) == 3
    assert 'more than --max-drift' in capsys.readouterr().out.splitlines()[-1]
    assert cli.main(['diff', str(old), str(relabelled), '--max-changed', '0.1', '--json']) == 3
    (line,) = json.loads(capsys.readouterr().out)['exceeded']
    assert line.endswith('of the old photos are gone or changed: more than --max-changed 0.1')


def photo(uri: str, *labels: str, sha256: str | None = 'a', status: str = 'ok') -> Photo:
    return Photo(uri, sha256, status, {f'{uri}-{index}': Label(name, None) for index, name in enumerate(labels)})


def added_up(*pairs: Pair, whole: bool = False) -> Changes:
    comparison = Comparison(whole)
    for pair in pairs:
        comparison.add(pair)
    return comparison.changes()


def test_faces_are_added_or_removed_in_the_same_bytes_alone():
    more = Pair(photo('more', 'anger'), photo('more', 'anger', 'fear', 'fear'))
    less = Pair(photo('less', 'anger', 'fear'), photo('less', 'anger'))
    other = Pair(photo('other', 'anger', 'fear'), photo('other', 'fear', sha256='b'))
    unread = Pair(photo('unread', sha256=None, status='missing'), photo('unread', 'fear'))
    gone, new = Pair(photo('gone', 'anger'), None), Pair(None, photo('new', 'anger'))
    faces, examples = (added_up(more, less, other, unread, gone, new, whole=whole) for whole in (False, True))
    assert [(named.uri, named.face_id) for named in faces.labels_added.named] == [('more', 'more-1'), ('more', 'more-2')]
    assert [(named.uri, named.face_id) for named in faces.labels_removed.named] == [('less', 'less-1')]
    assert uris(examples.labels_added) == ['more', 'more', 'new', 'unread']
    assert uris(examples.labels_removed) == ['gone', 'less', 'other']
    for changes in (faces, examples):
        assert (uris(changes.content), uris(changes.status), uris(changes.relabelled)) == (['other'], ['unread'], ['other'])
        assert changes.affected == 4  # all but `more` and `new`


@given(st.permutations(range(25)))
def test_examples_are_the_first_by_uri_in_whatever_order_they_come(order):
    change = added_up(*(Pair(None, photo(f'{index:02}')) for index in order)).photos_added
    assert (change.count, uris(change)) == (25, [f'{index:02}' for index in range(10)])


def test_a_photo_whose_container_put_it_into_another_shard_is_the_same(photos, old, tmp_path):
    """Rows of a Parquet file are sharded by its name and row group; their uri may be a file's."""
    members = {path.name: path.read_bytes() for path in sorted(photos.iterdir())}
    members['new.jpg'] = members.pop('0000.jpg')
    packed = label_into(tmp_path / 'out', make_hugging_face(tmp_path / 'rows.parquet', members, row_group_size=7), shards=8)
    before, after = describe(old), describe(packed)
    assert len(moved(before, after, 4)) > 10
    found = compared(old, packed)
    assert counts(found) == {'photos_added': 1, 'photos_removed': 1}
    assert (uris(found.changes.photos_added), uris(found.changes.photos_removed)) == (['new.jpg'], ['0000.jpg'])
    assert sorted((pair.old or pair.new).uri for pair in pairs(after, before)) == sorted({*members, '0000.jpg'})


def test_nothing_that_is_compared_is_pruned(old, tmp_path, monkeypatch):
    for night in ('1', '2', '3'):
        shutil.copytree(old, tmp_path / night)
    said: list[str] = []

    def pruning(*snapshots):
        said.extend(prune(str(tmp_path), 1))
        return pairs(*snapshots)

    monkeypatch.setattr('mien.pipelines.diff.pairs', pruning)
    assert counts(compared(tmp_path / '1', tmp_path / '2')) == {}
    assert said == [f'{tmp_path / night}: left, it is being read' for night in ('1', '2')]


def test_a_wrong_call_is_one_line_and_status_2(old, dataset, tmp_path, capsys):
    copy = Path(shutil.copytree(old, tmp_path / 'copy'))
    said = json.loads((copy / 'snapshot.json').read_text())
    (copy / 'snapshot.json').write_text(json.dumps(said | {'schema_version': '0'}))
    for words, what in (
        ([old, tmp_path / 'nowhere'], 'no such folder; name the folder of one'),
        ([tmp_path, old], 'it is no snapshot; name the folder of one'),
        ([copy, old], 'schema version 0, this mien reads'),
        ([old, dataset], 'name two of `mien label`, or two of `mien build`'),
        ([old, old, '--max-drift', '-1'], '--max-drift -1: must be at least 0'),
        ([old, old, '--max-changed', '5'], '--max-changed 5: must be from 0 to 1'),
        ([old, old, '--max-changed', 'nan'], '--max-changed nan: must be from 0 to 1'),
    ):
        assert cli.main(['diff', *map(str, words)]) == 2
        heard = capsys.readouterr()
        assert (heard.out, heard.err.count('\n')) == ('', 1)
        assert what in heard.err


def test_a_part_that_is_gone_or_broken_is_named(old, tmp_path):
    copy = Path(shutil.copytree(old, tmp_path / 'copy'))
    part = copy / 'labels/part-00001-of-00004.parquet'
    part.write_bytes(b'PAR1 no more')
    with pytest.raises(JobFailed, match=r'labels/part-00001-of-00004\.parquet cannot be read .*`mien verify`'):
        compared(old, copy)
    part.unlink()
    with pytest.raises(JobFailed, match='cannot be read'):
        compared(copy, old)
