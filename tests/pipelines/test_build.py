"""`mien build` on real faces: the laws of a snapshot, and readers that we did not write."""

import csv
import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from collections import Counter
from pathlib import Path

import cv2
import duckdb
import numpy as np
import pandas
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds
import tensorflow_transform as tft

from mien.configs.errors import JobFailed, UsageError
from mien.configs.load import as_dict, load
from mien.configs.schema import BuildConfig
from mien.pipelines import cli
from mien.pipelines.build import build
from mien.pipelines.runners import Run
from tests.snapshots import content, rows

FACES = 240
SPLIT_MAP = {'PublicTest': 'train', 'Training': 'test'}  # PublicTest is what these tests read, and training is what they look at


@pytest.fixture(scope='module')
def faces(fer2013_dir, tmp_path_factory):
    """Some of FER2013's PublicTest, and a file that is no image."""
    folder = tmp_path_factory.mktemp('faces')
    for path in sorted(fer2013_dir.rglob('*.png'), key=lambda path: path.name)[:FACES]:
        target = folder / path.relative_to(fer2013_dir)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    (folder / 'notes.txt').write_text('no photo')
    return folder


@pytest.fixture(scope='module')
def labels(labels_dir, faces, tmp_path_factory):
    """The faces' rows of FER+, one of a face that is not there, and one with votes that are no numbers."""
    names = {path.name for path in faces.rglob('*.png')}
    with open(labels_dir / 'fer2013-labels.csv', newline='') as file:
        rows = [row for row in csv.DictReader(file) if row['image'] in names]
    rows[0] = rows[0] | {'ferplus_anger': 'many'}
    rows[1] = rows[1] | {'usage': 'PrivateTest', 'ferplus_neutral': '10'} | {name: '0' for name in rows[1] if name[8:] in ('unknown', 'nf')}
    rows.append(rows[2] | {'image': 'fer9999999.png'})
    path = tmp_path_factory.mktemp('labels') / 'labels.csv'
    pandas.DataFrame(rows).to_csv(path, index=False)
    return path


@pytest.fixture(scope='module')
def config(labels):
    return configured(labels=(str(labels),), split_map=SPLIT_MAP, shards=4)


@pytest.fixture(scope='module')
def dataset(faces, config, tmp_path_factory):
    out = tmp_path_factory.mktemp('out') / 'dataset'
    build([str(faces)], str(out), config, Run())
    return out


def configured(name: str = 'fer2013_ferplus', **values: object) -> BuildConfig:
    return dataclasses.replace(load(BuildConfig, 'build', name), **values)


def said(dataset: Path) -> dict:
    return json.loads((dataset / 'snapshot.json').read_text())


def test_every_input_and_label_is_an_example_or_a_reject(dataset, labels):
    examples, rejects = rows(dataset, 'examples'), rows(dataset, 'rejects')
    assert len(rows(dataset, 'images')) == FACES + 1
    assert len(examples) + len(rejects) == FACES + 2
    reasons = Counter(row['reason'] for row in rejects)
    assert {reason: reasons[reason] for reason in ('not_an_image', 'image_missing', 'bad_votes', 'unknown_split')} == {
        'not_an_image': 1,
        'image_missing': 1,
        'bad_votes': 1,
        'unknown_split': 1,
    }
    policies = {'tie', 'unknown', 'not_a_face', 'duplicate', 'duplicates_cross_splits'}
    assert reasons.keys() <= {'not_an_image', 'image_missing', 'bad_votes', 'unknown_split'} | policies
    missing = next(row for row in rejects if row['reason'] == 'image_missing')
    assert (missing['uri'], missing['detail']) == ('fer9999999.png', f'row {FACES + 1} of labels.csv')


def test_labels_are_the_majority_of_the_votes(dataset, labels, config):
    table = pandas.read_csv(labels).set_index('image')
    for row in rows(dataset, 'examples'):
        votes = table.loc[Path(row['uri']).name, [config.votes[name] for name in config.classes]].astype(float).to_numpy()
        assert row['label_name'] == config.classes[row['label']] == config.classes[int(votes.argmax())]
        np.testing.assert_allclose(row['label_distribution'], votes / votes.sum(), rtol=1e-6)


def test_whole_faces_keep_their_pixels(dataset, faces):
    for row in rows(dataset, 'examples')[:20]:
        image = cv2.imdecode(np.frombuffer(row['image'], np.uint8), cv2.IMREAD_UNCHANGED)
        np.testing.assert_array_equal(image, cv2.imread(str(faces / row['uri']), cv2.IMREAD_GRAYSCALE))


def test_tfds_opens_the_folder(dataset, config):
    builder = tfds.builder_from_directory(str(dataset))
    by_face = {row['face_id']: row for row in rows(dataset, 'examples')}
    assert builder.info.features['label'].names == list(config.classes)
    assert set(builder.info.splits) == {'train', 'validation'}
    seen = 0
    for split in builder.info.splits:
        examples = list(tfds.as_numpy(builder.as_dataset(split=split)))
        assert len(examples) == builder.info.splits[split].num_examples
        for example in examples:
            row = by_face[example['face_id'].decode()]
            assert (row['split'], row['uri'], row['label']) == (split, example['uri'].decode(), example['label'])
            assert (row['source'], row['weight']) == (example['source'].decode(), example['weight'])
            assert example['image'].shape == (48, 48, 1)
            assert example['label_distribution'].tolist() == row['label_distribution']
        seen += len(examples)
    assert seen == len(by_face)


def test_plain_tf_data_pandas_and_duckdb_read_it(dataset):
    examples = pandas.read_parquet(dataset / 'examples')
    files = sorted(map(str, dataset.glob('fer2013_ferplus-*.tfrecord-*')))
    features = {name: tf.io.FixedLenFeature([], tf.string) for name in ('image', 'face_id', 'uri', 'subject', 'label_name')}
    records = tf.data.TFRecordDataset(files).map(lambda record: tf.io.parse_single_example(record, features))
    images = {record['face_id'].decode(): record['image'] for record in records.as_numpy_iterator()}
    assert images == dict(zip(examples['face_id'], examples['image'], strict=True))
    query = f"SELECT split, label_name, count(*) FROM '{dataset}/examples/*.parquet' GROUP BY ALL"
    counted = {(split, name): number for split, name, number in duckdb.sql(query).fetchall()}
    tallies = said(dataset)['tallies']
    assert counted == {(split, name): number for split in ('train', 'validation', 'test') for name, number in tallies[split].items()}


def test_the_graph_knows_the_training_split_alone(dataset):
    train = [row for row in rows(dataset, 'examples') if row['split'] == 'train']
    pixels = np.stack([cv2.imdecode(np.frombuffer(row['image'], np.uint8), cv2.IMREAD_UNCHANGED) for row in train])
    output = tft.TFTransformOutput(str(dataset))
    inputs = {'image': tf.constant(pixels[:1, :, :, None]), 'label_name': tf.constant([train[0]['label_name']])}
    sums = {name: tf.constant([0], tf.int64) for name in ('pixel_sum', 'pixel_square_sum', 'pixel_count')}
    found = output.transform_raw_features(inputs | sums)
    assert found['pixel_mean'].numpy()[0] == pytest.approx(pixels.mean(), rel=1e-6)
    assert found['pixel_variance'].numpy()[0] == pytest.approx(pixels.astype(float).var(), rel=1e-6)
    assert found['label'].numpy()[0] == train[0]['label']
    assert len(output.vocabulary_by_name('label_name')) == len({row['label_name'] for row in train})


def test_snapshot_names_every_file(dataset):
    files = said(dataset)['files']
    on_disk = {name for name in content(dataset) if name != 'snapshot.json'}
    assert on_disk == files.keys()
    assert not list(dataset.rglob('.*'))


def test_workers_do_not_change_a_byte(dataset, faces, config, tmp_path):
    build([str(faces)], str(tmp_path / 'again'), config, Run(workers=3))
    assert content(tmp_path / 'again') == content(dataset)


def test_a_complete_dataset_is_left_alone(dataset, faces, config):
    before = {path: path.stat().st_mtime_ns for path in dataset.rglob('*')}
    assert not build([str(faces)], str(dataset), config, Run()).made
    assert {path: path.stat().st_mtime_ns for path in dataset.rglob('*')} == before
    with pytest.raises(UsageError, match=r'validation_share: 0\.1 -> 0\.2'):
        build([str(faces)], str(dataset), dataclasses.replace(config, validation_share=0.2), Run())


STEPS = ('_work/done/*.json', '_work/thumbnails/*', '_work/judged/*.json', '*.tfrecord-*')  # what shows that one has begun


def test_a_build_killed_at_step_after_step_is_finished_by_the_same_command(dataset, faces, config, tmp_path):
    """No finished part is written again; what records leave when they are interrupted is put there, too."""
    out, partial = tmp_path / 'killed', tmp_path / 'killed.partial'
    (tmp_path / 'config.yaml').write_text(json.dumps(as_dict(config)))
    command = [sys.executable, '-m', 'mien.pipelines.cli', 'build', str(faces), '--out', str(out), '--config', 'config.yaml']
    parts: dict[Path, int] = {}
    for step in STEPS:
        with subprocess.Popen(command, cwd=tmp_path, start_new_session=True, stderr=subprocess.DEVNULL) as process:
            while process.poll() is None and not list(partial.glob(step)):
                time.sleep(0.01)
            os.killpg(process.pid, signal.SIGKILL)
        assert not out.exists()
        assert list(partial.glob(step))
        assert parts.items() <= (parts := finished_parts(partial)).items()
    assert {path.parts[0] for path in parts} == {'images', 'faces', 'examples', 'rejects', 'duplicates'}
    for name in (f'.{config.name}-train.tfrecord-00000-of-00001.1f', 'transform_fn/saved_model.pb'):
        (partial / name).parent.mkdir(exist_ok=True)
        (partial / name).write_bytes(b'half')
    build([str(faces)], str(out), config, Run())
    assert content(out) == content(dataset)
    assert all((out / path).stat().st_mtime_ns == before for path, before in parts.items())


def finished_parts(partial: Path) -> dict[Path, int]:
    """The parts that markers name, with the time of their last change."""
    markers = [json.loads(path.read_text()) for step in ('done', 'judged') for path in partial.glob(f'_work/{step}/*.json')]
    return {Path(name): (partial / name).stat().st_mtime_ns for marker in markers for name in marker['files']}


def test_class_folders_split_by_content(faces, tmp_path):
    """Two INPUTs; a copy of a face under another name goes where the face goes."""
    anger = sorted((faces / 'public_test' / 'anger').iterdir())
    (tmp_path / 'more' / 'anger').mkdir(parents=True)
    for path in anger:
        shutil.copy(path, tmp_path / 'more' / 'anger' / f'copy-{path.name}')
    (tmp_path / 'more' / 'joy').mkdir()
    shutil.copy(anger[0], tmp_path / 'more' / 'joy' / 'face.png')
    out = tmp_path / 'out'
    config = configured('build', whole_image=True, record_bytes=1 << 20, duplicates='all', duplicate_bits=None)
    outcome = build([str(faces), str(tmp_path / 'more')], str(out), config, Run())
    examples = rows(out, 'examples')
    splits = Counter(row['split'] for row in examples)
    assert len(examples) == FACES + len(anger) == sum(splits.values())  # equal pixels have equal bytes here: no group crosses splits
    assert {split: sum(outcome.tallies[split].values()) for split in splits} == splits
    assert outcome.tallies['rejects'] == {'not_an_image': 1, 'unknown_label': 1}
    by_name = {Path(row['uri']).name: row for row in examples}
    assert all(by_name[path.name]['split'] == by_name[f'copy-{path.name}']['split'] for path in anger)
    assert all(row['label_distribution'][row['label']] == 1 for row in examples)


def test_boxes_take_their_faces(photos_dir, tmp_path):
    """The 18 annotated faces of four photos, by box; the others have no label."""
    boxes = []
    for image in ElementTree.parse(photos_dir / 'training_with_face_landmarks.xml').iter('image'):
        for box in image.iter('box'):
            place = {key: box.get(name) for key, name in (('x', 'left'), ('y', 'top'), ('w', 'width'), ('h', 'height'))}
            boxes.append({'image': image.get('file'), 'label': 'neutral', 'subject': 'everyone'} | place)
    pandas.DataFrame(boxes).to_parquet(tmp_path / 'boxes.parquet')
    config = configured(
        'build',
        labels=(str(tmp_path / 'boxes.parquet'),),
        box_columns=('x', 'y', 'w', 'h'),
        subject_column='subject',
        exclude=('*.xml',),
        crop_channels=3,
    )
    outcome = build([str(photos_dir)], str(tmp_path / 'out'), config, Run())
    assert len(boxes) == 18
    assert outcome.counts['examples'] >= 0.9 * len(boxes)
    assert sum(sum(outcome.tallies[split].values()) > 0 for split in ('train', 'validation', 'test')) == 1  # one subject, one split
    first = rows(tmp_path / 'out', 'examples')[0]
    assert cv2.imdecode(np.frombuffer(first['image'], np.uint8), cv2.IMREAD_UNCHANGED).shape == (48, 48, 3)
    rejects = Counter(row['reason'] for row in rows(tmp_path / 'out', 'rejects'))
    assert rejects['no_such_face'] == len(boxes) - outcome.counts['examples']
    assert rejects['no_face'] >= 1  # the photos without a human face


def test_nothing_left_is_a_failed_job(faces, labels, tmp_path):
    config = configured('build', whole_image=True, labels=(str(labels),), label_column='usage')
    with pytest.raises(JobFailed, match=rf'no example is left of {FACES + 1} photos .*unknown_label {FACES}'):
        build([str(faces)], str(tmp_path / 'out'), config, Run())
    assert not (tmp_path / 'out').exists()


def test_a_wrong_call_is_one_line_and_leaves_nothing(faces, labels, tmp_path, capsys):
    out = tmp_path / 'out'
    assert cli.main(['build', str(faces), '--labels', str(labels), '--label-column', 'emotion', '--out', str(out)]) == cli.WRONG_CALL
    said = capsys.readouterr().err
    assert said.count('\n') == 1
    assert f"labels '{labels}': no column 'emotion'" in said
    assert list(tmp_path.iterdir()) == []
