"""Several collections in one build, each with labels, labels' names and weight of its own."""

import dataclasses
import json
import shutil
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pandas
import pytest
import tensorflow as tf

from mien.configs.errors import UsageError
from mien.configs.load import load
from mien.configs.schema import BuildConfig
from mien.pipelines import cli
from mien.pipelines.build import build
from mien.pipelines.collections import collections
from mien.pipelines.inputs import sources
from mien.pipelines.runners import Run
from mien.transforms.input_of import input_of
from tests.snapshots import content, rewrite, rows

YAML = """
name: mixed
classes: [neutral, happiness, anger]
crop_template: fer2013
shards: 2
duplicate_bits: null
sources:
  faces:
    whole_image: true
    inputs: [one, two]
    label_map: {happy: happiness, furious: anger, sleepy: drop}
    licence: for research use
  portraits:
    label_column: emotion
    subject_column: subject
    weight: 0.5
"""


@pytest.fixture
def archive(fer2013_dir, portraits_dir, labels_dir, tmp_path) -> Path:
    """Two folders of face crops with one labels file, a folder of portraits with another."""
    said = []
    for number, path in enumerate(sorted((fer2013_dir / 'public_test' / 'happiness').iterdir())[:40]):
        folder = tmp_path / ('one' if number % 2 else 'two')
        folder.mkdir(exist_ok=True)
        shutil.copy(path, folder)
        said.append({'image': path.name, 'label': ('happy', 'furious', 'sleepy', 'fear')[number % 4]})
    pandas.DataFrame(said).to_csv(tmp_path / 'faces.csv', index=False)
    (tmp_path / 'portraits').mkdir()
    for path in sorted(portraits_dir.iterdir())[:20]:
        shutil.copy(path, tmp_path / 'portraits')
    shutil.copy(labels_dir / 'portraits-labels.csv', tmp_path / 'portraits.csv')
    (tmp_path / 'mixed.yaml').write_text(YAML)
    return tmp_path


def test_each_source_is_read_in_its_own_way(archive, monkeypatch, capsys):
    monkeypatch.chdir(archive)
    labels = 'faces=faces.csv,portraits=portraits.csv'
    call = ['build', 'one', 'two', 'portraits', '--config', 'mixed.yaml', '--labels', labels, '--out', 'out', '--reject-ceiling', '1']
    assert cli.main(call) == 0
    out = archive / 'out'
    examples = rows(out, 'examples')
    assert Counter(row['label_name'] for row in examples if row['source'] == 'faces') == {'happiness': 10, 'anger': 10}
    assert {row['source']: row['weight'] for row in examples} == {'faces': 1.0, 'portraits': 0.5}
    reasons = Counter((row['source'], row['reason']) for row in rows(out, 'rejects'))
    assert {key: reasons[key] for key in (('faces', 'dropped'), ('faces', 'other_class'))} == {
        ('faces', 'dropped'): 10,
        ('faces', 'other_class'): 10,
    }
    assert reasons['portraits', 'image_missing'] == 1949 - 20
    faces = {row['uri']: row for row in rows(out, 'faces')}
    assert all(faces[row['uri']]['landmarks'] is None for row in examples if row['source'] == 'faces')
    assert all(faces[row['uri']]['landmarks'] is not None for row in examples if row['source'] == 'portraits')
    said = json.loads((out / 'snapshot.json').read_text())
    assert said['digests'].keys() == {'crop', 'detector', 'labels.faces', 'labels.portraits'}
    assert '0.5' in (out / 'README.md').read_text()
    assert 'examples_of: ' in capsys.readouterr().out
    (archive / 'other.yaml').write_text(
        YAML.replace('[one, two]', '[one]').replace('label_column', 'inputs: [two, portraits]\n    label_column')
    )
    again = ['other.yaml' if word == 'mixed.yaml' else 'next' if word == 'out' else word for word in call]
    assert cli.main([*again, '--previous', 'out']) == 2  # faces of two/ would be those of whole images
    assert "--previous 'out' was made in another way (sources.faces.inputs" in capsys.readouterr().err


@pytest.mark.slow
def test_records_hold_source_and_weight_and_may_be_compressed(archive):
    config = dataclasses.replace(load(BuildConfig, 'build', str(archive / 'mixed.yaml')), compression='gzip', reject_ceiling=1.0)
    config = dataclasses.replace(config, labels=(f'faces={archive}/faces.csv', f'portraits={archive}/portraits.csv'))
    build([str(archive / name) for name in ('one', 'two', 'portraits')], str(archive / 'out'), config, Run())
    files = sorted(map(str, (archive / 'out').glob('mixed-*.tfrecord-*')))
    assert all(Path(file).read_bytes()[:2] == b'\x1f\x8b' for file in files)
    features = {
        name: tf.io.FixedLenFeature([], kind) for name, kind in (('face_id', tf.string), ('source', tf.string), ('weight', tf.float32))
    }
    records = tf.data.TFRecordDataset(files, 'GZIP').map(lambda record: tf.io.parse_single_example(record, features))
    found = {one['face_id'].decode(): (one['source'].decode(), one['weight']) for one in records.as_numpy_iterator()}
    assert found == {row['face_id']: (row['source'], np.float32(row['weight'])) for row in rows(archive / 'out', 'examples')}
    assert not (archive / 'out' / 'dataset_info.json').exists()


@pytest.mark.slow
def test_two_files_that_claim_one_photo_are_told(archive, tmp_path):
    """Each label of such a photo is a reject; those of one file alone are not touched."""
    pandas.DataFrame([{'image': path.name, 'label': 'neutral'} for path in sorted((archive / 'one').iterdir())[:5]]).to_csv(
        tmp_path / 'again.csv', index=False
    )
    config = dataclasses.replace(
        load(BuildConfig, 'build'),
        whole_image=True,
        labels=(f'{archive}/faces.csv', f'{tmp_path}/again.csv'),
        label_map={'happy': 'happiness', 'furious': 'anger', 'sleepy': 'sadness'},
        reject_ceiling=1.0,
    )
    build([str(archive / 'one'), str(archive / 'two')], str(tmp_path / 'out'), config, Run())
    rejects = [row for row in rows(tmp_path / 'out', 'rejects') if row['reason'] == 'claimed_twice']
    assert len(rejects) == 10
    assert len({row['uri'] for row in rejects}) == 5
    assert {row['detail'] for row in rejects} == {'labelled in again.csv and in faces.csv'}


BOTH_WAYS = """
classes: [happiness, anger]
crop_template: fer2013
shards: 2
reject_ceiling: 1
split_column: split
sources:
  crops: {whole_image: true}
  scenes: {}
"""


@pytest.mark.slow
@pytest.mark.parametrize('labelled', [False, True])
def test_the_order_of_inputs_and_of_labels_says_nothing(fer2013_dir, tmp_path, labelled):
    config = dataclasses.replace(load(BuildConfig, 'build'), whole_image=True, classes=('anger', 'fear'), shards=2, duplicate_bits=None)
    for name, label in (('a', 'anger'), ('b', 'fear')):
        shutil.copytree(fer2013_dir / 'public_test' / label, tmp_path / name / label, ignore=lambda _, names: sorted(names)[9:])
        images = sorted(path.name for path in (tmp_path / name / label).iterdir())
        pandas.DataFrame({'image': images, 'label': label}).to_csv(tmp_path / f'{name}.csv', index=False)
    for out, order in (('out', 'ab'), ('swapped', 'ba')):
        labels = tuple(str(tmp_path / f'{name}.csv') for name in order) if labelled else ()
        build([str(tmp_path / name) for name in order], str(tmp_path / out), dataclasses.replace(config, labels=labels), Run())
    assert content(tmp_path / 'swapped') == content(tmp_path / 'out')
    again = build([str(tmp_path / name) for name in 'ab'], str(tmp_path / 'swapped'), dataclasses.replace(config, labels=labels), Run())
    assert not again.made


def both_ways(folder, portraits, splits):
    """Three photos that are faces of `crops` and show faces in `scenes`, and a fourth that is in `crops` alone."""
    for name, some in (('crops', portraits), ('scenes', portraits[:3])):
        (folder / name).mkdir()
        for number, path in enumerate(some):
            shutil.copy(path, folder / name / f'{name}{number}.jpg')
        said = [{'image': f'{name}{number}.jpg', 'label': 'anger', 'split': splits[name]} for number in range(len(some))]
        pandas.DataFrame(said).to_csv(folder / f'{name}.csv', index=False)
    (folder / 'both.yaml').write_text(BOTH_WAYS)
    labels = 'crops=crops.csv,scenes=scenes.csv'
    return ['build', 'crops', 'scenes', '--config', 'both.yaml', '--labels', labels, '--out', 'out']


@pytest.mark.slow
def test_a_photo_that_is_a_face_here_and_shows_one_there_stands_in_one_split(portraits_dir, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    call = both_ways(tmp_path, sorted(portraits_dir.iterdir())[:4], {'crops': 'train', 'scenes': 'test'})
    assert cli.main(call) == 0
    assert {(row['uri'], row['split']) for row in rows(tmp_path / 'out', 'examples')} == {
        ('crops/crops3.jpg', 'train'),
        *((f'scenes/scenes{number}.jpg', 'test') for number in range(3)),
    }
    rejects = {(row['uri'], row['reason'], row['detail']) for row in rows(tmp_path / 'out', 'rejects')}
    assert rejects == {(f'crops/crops{number}.jpg', 'photo_crosses_splits', 'the same file is in train, test') for number in range(3)}
    assert cli.main(['verify', 'out']) == 0


@pytest.mark.slow
def test_all_that_are_the_picture_of_such_a_photo_leave_with_it(portraits_dir, tmp_path, monkeypatch):
    """A copy in other bytes, whose crop is the same: it would be the test photo's picture in training."""
    monkeypatch.chdir(tmp_path)
    call = both_ways(tmp_path, sorted(portraits_dir.iterdir())[:4], {'crops': 'train', 'scenes': 'test'})
    image = cv2.imread('crops/crops0.jpg')
    cv2.imwrite('crops/copy.png', image)
    with open('crops.csv', 'a') as file:
        file.write('copy.png,anger,train\n')
    assert cli.main([*call, '--duplicates', 'all']) == 0
    assert {row['uri'] for row in rows(tmp_path / 'out', 'examples') if row['split'] == 'train'} == {'crops/crops3.jpg'}
    reasons = {row['uri']: row['reason'] for row in rows(tmp_path / 'out', 'rejects')}
    assert reasons['crops/copy.png'] == reasons['crops/crops0.jpg'] == 'photo_crosses_splits'


def moved(examples):
    """Two of them in test."""
    return [row | {'split': 'test'} if row['uri'] in ('crops/crops3.jpg', 'scenes/scenes0.jpg') else row for row in examples]


def test_verify_finds_one_that_does_not(portraits_dir, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli.main(both_ways(tmp_path, sorted(portraits_dir.iterdir())[:4], {'crops': 'train', 'scenes': 'train'})) == 0
    assert cli.main(['verify', 'out']) == 0
    for part in (tmp_path / 'out' / 'examples').iterdir():
        rewrite(tmp_path / 'out', 'examples', moved, part.name)
    assert cli.main(['verify', 'out']) == 3
    said = "1 photos are a face in one split and show faces in another, as 'crops/crops0.jpg', 'scenes/scenes0.jpg'"
    assert said in capsys.readouterr().out


@pytest.mark.parametrize(
    ('values', 'inputs', 'said'),
    [
        ({'sources': {'a': {}}}, ['x', 'b'], "sources: a: no INPUT is called 'a'"),
        ({'sources': {'one': {'inputs': ('x',)}, 'two': {'inputs': ('x',)}}}, ['x'], "one and two both have the INPUT 'x'"),
        ({'sources': {'x': {}, 'y': {}}, 'labels': ('z=l.csv',)}, ['x', 'y'], "labels 'z=l.csv': of which source"),
        ({'sources': {'x': {}, 'y': {}}, 'labels': ('l.csv',)}, ['x', 'y'], 'say SOURCE=l.csv'),
    ],
)
def test_sources_that_are_not_there_are_a_wrong_call(values, inputs, said):
    with pytest.raises(UsageError, match=said):
        collections(dataclasses.replace(load(BuildConfig, 'build'), **values), sources(inputs))


def test_inputs_that_no_source_names_are_the_datasets_own():
    config = dataclasses.replace(load(BuildConfig, 'build'), sources={'a': {'weight': 2.0}}, labels=('a=a.csv', 'rest.csv'))
    found = {one.name: one for one in collections(config, sources(['a', 'b', 'c']))}
    assert {name: [given.name for given in one.inputs] for name, one in found.items()} == {'a': ['a'], 'faces': ['b', 'c']}
    assert {name: (one.labels, one.config.weight) for name, one in found.items()} == {'a': (('a.csv',), 2.0), 'faces': (('rest.csv',), 1.0)}


@pytest.mark.parametrize(
    ('uri', 'name'),
    [('a/x.png', 'a'), ('a.tar!/x/y.png', 'a.tar'), ('t.parquet#12', 't.parquet'), ('a!/x.png', 'a!'), ('one.jpg', 'one.jpg')],
)
def test_a_uri_tells_its_input(uri, name):
    assert input_of(uri, {'a', 'a!', 'a.tar', 't.parquet', 'one.jpg'}) == name
    assert input_of(uri, {''}) == ''
