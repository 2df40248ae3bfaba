"""Which photo each label of a labels file or a folder belongs to."""

import tempfile
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mien.pipelines import called, labels_table
from mien.pipelines.listing.uris import encode_uri
from mien.pipelines.match import write_shard_labels
from mien.pipelines.plan import Plan, shard_of
from mien.transforms.label_file import Label, read_labels, read_unmatched
from mien.transforms.plan_file import read_plan
from mien.transforms.reasons import Reason
from mien.transforms.records import Address, Entry, Kind, image_id
from tests.label_files import collection, entry, labels_file, plan

MISSING, AMBIGUOUS = Reason.IMAGE_MISSING, Reason.AMBIGUOUS_NAME


def written(made: Plan) -> list[list[Label]]:
    """The labels of each shard, matched ones first."""
    return [
        [label for labels in read_labels(made.folder, shard, made.shards).values() for label in labels]
        + read_unmatched(made.folder, shard, made.shards)
        for shard in range(made.shards)
    ]


def found(made: Plan) -> dict[tuple[str, int], str | Reason]:
    """uri, or the reason why there is none, by collection and row."""
    return {(label.source, label.row): label.unmatched or label.uri for labels in written(made) for label in labels}


SAID = {
    'a/1.jpg': 'a/1.jpg',
    '2.jpg': 'b/2.jpg',
    '1.jpg': AMBIGUOUS,
    'b/1.jpg': MISSING,  # its base name is another photo's
    '': MISSING,
    '3.jpg': '3.jpg',  # a uri before a base name
    '100%.jpg': 'b/100%25.jpg',
    '100%25.jpg': 'b/100%25.jpg',
    'b/100%.jpg': 'b/100%25.jpg',
    '50%25.jpg': '50%25.jpg',  # as a uri; as plain text it were the next
    '50%2525.jpg': '50%2525.jpg',
    '7%25.jpg': '7%2525.jpg',  # the uri of its plain text before the base name that it is
    '\u00e9/4.jpg': '\u00e9/4.jpg',
    ' 5.jpg\t': 'c/5.jpg',
    '0/1.jpg': '0/1.jpg',
    'd/': 'd/',  # as a key of a table may be
    '6.jpg': 'e/ 6.jpg',  # a name with a space, which no label can say
    ' e/7.jpg': ' e/7.jpg',
    '8.jpg': 'f/8.jpg',
}
URIS = (
    *('a/1.jpg', 'c/1.jpg', '0/1.jpg', 'b/2.jpg', '3.jpg', 'b/3.jpg', 'b/100%25.jpg', '50%25.jpg', '50%2525.jpg'),
    *('x/7%25.jpg', '7%2525.jpg', '\u00e9/4.jpg', 'c/5.jpg', 'd/'),
    *('e/ 6.jpg', ' e/7.jpg', 'f/8.jpg', 'f/8.jpg '),
)


def test_a_label_is_matched_by_uri_else_by_a_unique_base_name(tmp_path):
    made = plan(tmp_path, map(entry, URIS))
    write_shard_labels(made, [collection('set', ['in'], [labels_file(tmp_path / 'labels.csv', SAID)])], None)
    assert found(made) == {('set', row): uri for row, uri in enumerate(SAID.values(), 1)}


def test_with_several_inputs_a_label_may_say_the_path_below_one(tmp_path):
    uris = ['one/a/1.jpg', 'two/a/1.jpg', 'one/b/2.jpg', 'two/b/3.jpg', 'two/one/b/2.jpg', 'one/4.jpg', 'two/c/4.jpg', 'single.jpg']
    packed = [entry(f'x.tar!/{name}', Address(Kind.TAR, 'x.tar', 9, number)) for number, name in enumerate(('a/5.jpg', '6.jpg'))]
    said = {
        'one/a/1.jpg': 'one/a/1.jpg',
        'a/1.jpg': AMBIGUOUS,
        'b/3.jpg': 'two/b/3.jpg',
        'one/b/2.jpg': 'one/b/2.jpg',  # a uri before a path
        '4.jpg': 'one/4.jpg',  # a path before a base name
        'c/4.jpg': 'two/c/4.jpg',
        '3.jpg': 'two/b/3.jpg',
        '2.jpg': AMBIGUOUS,
        'single.jpg': 'single.jpg',
        'a/5.jpg': 'x.tar!/a/5.jpg',
        'x.tar!/6.jpg': 'x.tar!/6.jpg',
        '6.jpg': 'x.tar!/6.jpg',
    }
    made = plan(tmp_path, [*map(entry, uris), *packed])
    inputs = ['one', 'two', 'single.jpg', 'x.tar']
    write_shard_labels(made, [collection('set', inputs, [labels_file(tmp_path / 'labels.csv', said)])], None)
    assert found(made) == {('set', row): uri for row, uri in enumerate(said.values(), 1)}


def test_below_the_only_input_a_path_is_whole_but_in_an_archive(tmp_path):
    members = [entry(f'x.tar!/{name}', Address(Kind.TAR, 'x.tar', 9, number)) for number, name in enumerate(('a/1.jpg', 'a/b/2.jpg'))]
    made = plan(tmp_path, members)
    said = labels_file(tmp_path / 'labels.csv', ['a/1.jpg', 'x.tar!/a/1.jpg', 'b/2.jpg', '2.jpg'])
    write_shard_labels(made, [collection('set', ['x.tar'], [said])], None)
    assert list(found(made).values()).count(MISSING) == 1
    assert found(made)['set', 3] == MISSING
    assert {found(made)['set', row] for row in (1, 2)} == {'x.tar!/a/1.jpg'}


def test_labels_match_photos_of_their_own_collection_only(tmp_path):
    uris = ['one/a/1.jpg', 'two/b/1.jpg', 'two/b/2.jpg', 'three/fear/1.jpg', 'three/9.jpg', '4%25/1.jpg']
    said = ['1.jpg', '2.jpg', 'two/b/2.jpg', 'three/9.jpg', 'a/1.jpg']
    some = [
        collection('first', ['one'], [labels_file(tmp_path / 'x/labels.csv', said)]),
        collection('second', ['two', '4%'], [labels_file(tmp_path / 'y/labels.csv', said[1:], 'fear')]),
        collection('third', ['three']),
    ]
    made = plan(tmp_path / 'out', map(entry, uris))
    write_shard_labels(made, some, None)
    first = {1: 'one/a/1.jpg', 2: MISSING, 3: MISSING, 4: MISSING, 5: 'one/a/1.jpg'}
    second = {1: 'two/b/2.jpg', 2: 'two/b/2.jpg', 3: MISSING, 4: MISSING}
    labels = [label for labels in written(made) for label in labels]
    assert {row: uri for (source, row), uri in found(made).items() if source == 'first'} == first
    assert {row: uri for (source, row), uri in found(made).items() if source == 'second'} == second
    assert sorted((label.uri, label.row, label.label, label.file) for label in labels if label.source == 'third') == [
        ('three/9.jpg', 0, 'three', ''),
        ('three/fear/1.jpg', 0, 'fear', ''),
    ]
    assert {(label.source, label.label, label.file) for label in labels if label.row} == {
        ('first', 'anger', 'labels.csv'),
        ('second', 'fear', 'labels.csv'),
    }


def test_labels_of_inputs_that_were_left_out_vanish(tmp_path):
    """A base name that an input which was left out shares is as ambiguous as before."""
    entries = list(map(entry, ['a/1.jpg', 'a/2.jpg', 'b/3.jpg', 'b/1.jpg', 'b/4%25.jpg']))
    said = ['a/1.jpg', '2.jpg', '3.jpg', 'b/3.jpg', '1.jpg', 'x.jpg', '4%.jpg']
    made = plan(tmp_path, entries, include=('a/*',))
    write_shard_labels(made, [collection('set', ['in'], [labels_file(tmp_path / 'labels.csv', said)])], iter(entries))
    assert found(made) == {('set', 1): 'a/1.jpg', ('set', 2): 'a/2.jpg', ('set', 5): AMBIGUOUS, ('set', 6): MISSING}


@pytest.mark.parametrize(
    ('uri', 'path', 'label'),
    [
        ('set/anger/1.jpg', '/data/fear/1.jpg', 'anger'),
        ('1.jpg', '/data/fear/1.jpg', 'fear'),
        ('100%25/1.jpg', '/data/fear/100%/1.jpg', '100%25'),
        ('1.jpg', '/data/f\udce9ar/1.jpg', 'f%E9ar'),  # bytes that are not UTF-8
    ],
)
def test_without_a_labels_file_the_folder_is_the_label(tmp_path, uri, path, label):
    made = plan(tmp_path, [Entry(uri, path, 1, 1)], shards=1)
    write_shard_labels(made, [collection('set', ['in'])], None)
    assert written(made) == [[Label(uri, 0, label, source='set')]]


def test_what_one_row_says_is_kept(tmp_path):
    path = tmp_path / 'labels.csv'
    path.write_text('image,label,n,a,usage,who,face,x,y,w,h\n1.jpg,no,2, 3,train,Ada,f-0,1,2,3,\nx.jpg,,,,,,,,,,\n')
    values = {'votes': {'neutral': 'n', 'anger': 'a'}, 'split_column': 'usage', 'subject_column': 'who', 'face_id_column': 'face'}
    made = plan(tmp_path, [entry('a/1.jpg')], shards=1)
    write_shard_labels(made, [collection('set', ['in'], [path], box_columns=('x', 'y', 'w', 'h'), **values)], None)
    first = Label('a/1.jpg', 1, '', ('2', ' 3'), 'train', 'Ada', 'f-0', ('1', '2', '3', ''), None, 'set', 'labels.csv')
    assert written(made) == [[first, Label('x.jpg', 2, '', ('', ''), box=('',) * 4, unmatched=MISSING, source='set', file='labels.csv')]]


def test_labels_of_one_photo_come_by_file_and_row_whatever_they_call_it(tmp_path):
    files = [labels_file(tmp_path / f'{name}/{name}.csv', ['a/1.jpg', '1.jpg', 'a/1.jpg'], name) for name in ('z', 'b')]
    made = plan(tmp_path, [entry('a/1.jpg')], shards=1)
    write_shard_labels(made, [collection('set', ['in'], files)], None)
    assert [(label.file, label.row, label.label) for label in written(made)[0]] == [
        *(('b.csv', row, 'b') for row in (1, 2, 3)),
        *(('z.csv', row, 'z') for row in (1, 2, 3)),
    ]


def test_labels_are_where_the_plan_has_their_photos(tmp_path):
    """Members of a compressed tar share a shard; a label without a photo is where its own would be."""
    members = [entry(f'x.tgz!/{number}.jpg', Address(Kind.TAR_STREAM, 'x.tgz', 9, number=number)) for number in range(20)]
    files = [entry(f'in/{number}.jpg') for number in range(20, 40)]
    lost = [f'{number}.gif' for number in range(20)]
    made = plan(tmp_path, [*members, *files], shards=8)
    said = labels_file(tmp_path / 'labels.csv', [*(f'{number}.jpg' for number in range(40)), *lost])
    write_shard_labels(made, [collection('set', ['in', 'x.tgz'], [said])], None)
    for shard in range(8):
        assert list(read_labels(made.folder, shard, 8)) == [one.uri for one in read_plan(made.folder, shard, 8)]
        assert {label.uri for label in read_unmatched(made.folder, shard, 8)} == {
            one for one in lost if shard_of(image_id(one), 8) == shard
        }
    assert sum(map(len, written(made))) == 60


def test_neither_batches_nor_an_earlier_run_change_a_byte(tmp_path, monkeypatch):
    """With 3 rows at a time names come out of several batches, at one level and at several."""
    uris = [f'{folder}{number}.jpg' for number in range(30) for folder in (f'{number}/', 'x/'[: 2 * (number < 20)])]
    entries = [entry(uri) for uri in [*uris, *(f'{number}/face.jpg' for number in range(30))]]
    said = [f'{number}{name}.jpg' for number in range(40) for name in ('', f'/{number}', '/face')] + ['face.jpg']
    some = [collection('set', ['in'], [labels_file(tmp_path / 'labels.csv', said), labels_file(tmp_path / 'b/labels.csv', said, 'fear')])]
    made = plan(tmp_path, entries)
    (tmp_path / '_work/matching/labels').mkdir(parents=True)  # of a run that was killed
    write_shard_labels(made, some, entries)
    before = {path.name: path.read_bytes() for path in tmp_path.glob('_work/labels/*')}
    monkeypatch.setattr(called, 'AT_ONCE', 3)
    monkeypatch.setattr(labels_table, 'BLOCK', 64)
    write_shard_labels(made, some, entries)
    assert {path.name: path.read_bytes() for path in tmp_path.glob('_work/labels/*')} == before
    assert len(before) == 4
    assert found(made)['set', 1] == found(made)['set', len(said)] == AMBIGUOUS
    assert not (tmp_path / '_work/matching').exists()


PATHS = st.lists(st.sampled_from(['a', 'b', 'a%', 'a%25', 'a%2525']), min_size=1, max_size=3).map('/'.join)
INPUTS = st.lists(st.tuples(st.sampled_from(['a', 'b', 'a%']), PATHS), max_size=12, unique=True)


def reference(said: str, uris: Iterable[str], several: bool) -> str | Reason:
    """The rules, one after the other."""
    names = [lambda uri: uri, lambda uri: uri.partition('/')[2] if several else uri, lambda uri: uri.rpartition('/')[2]]
    for name in names:
        for spelled in (said, encode_uri(said)):
            matches = [uri for uri in uris if name(uri) == spelled]
            if matches:
                return matches[0] if len(matches) == 1 else AMBIGUOUS
    return MISSING


@settings(max_examples=60)
@given(INPUTS, st.lists(PATHS | PATHS.map(encode_uri), min_size=1, max_size=12), st.integers(1, 3), st.sets(st.integers(0, 12)))
def test_labels_meet_their_photos_as_the_rules_say(inputs, said, number, left_out):
    """Two INPUTs are a collection, a third one another; with one, there is no other."""
    tops = ['a', 'b', 'a%'][:number]
    uris = [encode_uri(path if number == 1 else f'{top}/{path}') for top, path in inputs if top in tops]
    uris = list(dict.fromkeys([*uris, encode_uri(f'{tops[0]}/x')]))
    planned = [uri for index, uri in enumerate(uris) if index not in left_out] or uris
    owners = {'one': tops[:2], 'two': tops[2:]}
    with tempfile.TemporaryDirectory() as folder:
        path = labels_file(Path(folder, 'labels.csv'), said)
        some = [collection(name, own, [path]) for name, own in owners.items() if own]
        made = plan(Path(folder), map(entry, planned), shards=2)
        write_shard_labels(made, some, map(entry, uris) if planned != uris else None)
        for one in some:
            own = [uri for uri in uris if number == 1 or uri.partition('/')[0] in [encode_uri(source.name) for source in one.inputs]]
            expected = {row: reference(text, own, number > 1) for row, text in enumerate(said, 1)}
            kept = {row: uri for row, uri in expected.items() if isinstance(uri, Reason) or uri in planned}
            assert {row: uri for (name, row), uri in found(made).items() if name == one.name} == kept
        assert sum(map(len, written(made))) == len(found(made))
