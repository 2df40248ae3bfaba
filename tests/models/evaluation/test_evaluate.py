"""A package on any dataset's split: what is measured, what is left out and said, what is refused; the card says what metrics.json says."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mien.configs.errors import UsageError
from mien.models.data.dataset import Dataset, SourceSaid
from mien.models.data.examples import Examples
from mien.models.data.graph import TransformGraph
from mien.models.evaluation.card import card
from mien.models.evaluation.evaluate import evaluate, evaluate_package, predict
from mien.models.evaluation.report import bound
from mien.models.evaluation.timing import Times
from mien.models.interpreter import Labeller
from mien.models.package import sha256
from mien.models.predictor import Predictor
from mien.models.training.recipe import Recipe
from mien.transforms.tables import FACES


@pytest.fixture
def relabelled(rewritten):
    """A copy of the dataset in which classes have other names, and its snapshot says so."""

    def copy(classes, **names):
        def change(example):
            name = example.features.feature['label_name'].bytes_list.value
            name[:] = [names.get(name[0].decode(), name[0].decode()).encode()]
            votes = example.features.feature['label_distribution'].float_list.value
            votes[:] = ([*votes] + len(classes) * [0.0])[: len(classes)]

        folder = Path(rewritten(change).folder)
        snapshot = json.loads((folder / 'snapshot.json').read_text())
        snapshot['config']['classes'] = classes
        (folder / 'snapshot.json').write_text(json.dumps(snapshot))
        return Dataset.load(folder)

    return copy


def predicted(package, dataset, split='test'):
    """The package's answers by another way than `evaluate`: class names by TFRecord order."""
    import tensorflow as tf

    labeller = Labeller(package.export_path.read_bytes())
    examples = [tf.train.Example.FromString(record) for record in tf.data.TFRecordDataset(dataset.files(split)).as_numpy_iterator()]
    features = [example.features.feature for example in examples]
    crops = np.stack([tf.io.decode_png(feature['image'].bytes_list.value[0]).numpy() for feature in features])
    labels = [feature['label_name'].bytes_list.value[0].decode() for feature in features]
    return np.array(package.classes)[labeller.predict(crops).argmax(axis=1)], np.array(labels)


def test_all_cores_say_what_one_says(package, dataset):
    source = Examples(dataset, package.classes)
    crops, labels = (np.concatenate(some) for some in zip(*source.crops('test', 7), strict=True))
    found = predict(Predictor(package), source, 'test')
    assert found[0].tobytes() == Labeller(package.export_path.read_bytes()).predict(crops).tobytes()
    np.testing.assert_array_equal(found[1], labels)


def test_classes_that_the_model_lacks_are_left_out_and_said(package, relabelled):
    dataset = relabelled(['neutral', 'happiness', 'anger'], surprise='anger')
    result = evaluate_package(package, dataset, 'test')
    said, labels = predicted(package, dataset)
    known = labels != 'anger'
    assert result.metrics.accuracy == pytest.approx(np.mean(said[known] == labels[known]))
    assert (result.metrics.examples, result.metrics.left_out) == (known.sum(), 40 - known.sum())
    assert f'left out: {40 - known.sum()} faces of anger' in result.text
    assert 'not in the dataset: surprise' in result.text
    assert result.metrics.recall['surprise'] is None
    assert list(result.metrics.recall) == list(package.classes)


def test_a_dataset_of_fewer_classes_is_measured_whole(package, relabelled):
    dataset = relabelled(['neutral', 'happiness'], surprise='happiness')
    result = evaluate_package(package, dataset, 'test')
    said, labels = predicted(package, dataset)
    assert (result.metrics.examples, result.metrics.left_out, result.unknown, result.absent) == (40, 0, (), ('surprise',))
    assert result.metrics.accuracy == pytest.approx(np.mean(said == labels))  # a `surprise` is wrong
    assert np.array(result.metrics.confusion)[:, 2].sum() == np.sum(said == 'surprise')


@pytest.mark.parametrize(
    ('classes', 'names', 'message'),
    [
        (['sadness', 'anger', 'fear'], {'neutral': 'fear', 'happiness': 'anger', 'surprise': 'sadness'}, 'shares no class with package@'),
        (['neutral', 'anger'], {'happiness': 'anger', 'surprise': 'anger'}, "shares only 'neutral' with .*name a dataset that shares two"),
        (['neutral', 'positive', 'surprise'], {'happiness': 'positive'}, 'says positive where .* says happiness; .*{positive: happiness}'),
    ],
)
def test_classes_that_do_not_fit(package, relabelled, classes, names, message):
    named = replace(package, name='package')
    with pytest.raises(UsageError, match=message) as raised:
        evaluate_package(named, relabelled(classes, **names), 'test')
    assert len(str(raised.value).splitlines()) == 1


def test_what_else_is_refused(package, dataset):
    with pytest.raises(UsageError, match="no split 'tests'"):
        evaluate_package(package, dataset, 'tests')
    with pytest.raises(UsageError, match=r'crops are .*; build it with the same'):
        evaluate_package(package, replace(dataset, crop=replace(dataset.crop, size=48)), 'test')


def test_a_split_without_a_face_that_the_model_knows(package, relabelled):
    dataset = relabelled([*package.classes, 'anger'], **dict.fromkeys(package.classes, 'anger'))
    with pytest.raises(UsageError, match='no example of neutral, happiness, surprise in test; name another split'):
        evaluate_package(package, dataset, 'test')


def test_a_folder_that_cannot_be_written(package, dataset, tmp_path):
    (tmp_path / 'file').write_text('')
    with pytest.raises(UsageError, match='cannot be written'):
        evaluate(package.folder, dataset.folder, 'test', str(tmp_path / 'file'))


def test_another_export_is_another_model(package, dataset, tmp_path):
    folder = Path(shutil.copytree(package.folder, tmp_path / 'package'))
    shutil.copy(folder / 'model.tflite', folder / 'model-other.tflite')
    copy = replace(package, folder=str(folder), files=package.files | {'model-other.tflite': sha256(folder / 'model-other.tflite')})
    own, other = (evaluate_package(replace(copy, export=file), dataset, 'test') for file in ('model.tflite', 'model-other.tflite'))
    assert other.export == 'model-other.tflite'
    assert other.metrics == own.metrics
    assert own.model == other.model  # the same bytes label the same


@pytest.fixture
def measured(rewritten):
    """A copy of the dataset whose faces have measures: sharpness is the place among the split's records, all sizes are equal."""

    def change(example):
        uri = example.features.feature['uri'].bytes_list.value[0]
        example.features.feature['face_id'].bytes_list.value.append(uri.replace(b'/', b'-'))

    dataset = rewritten(change)
    ids = [f'{split}-{index}' for split in ('test', 'validation') for index in range(40)]
    base = dict.fromkeys(FACES.names) | {'uri': 'x', 'image_id': 'x', 'face_index': 0, 'box_width': 48.0}
    rows = [base | {'face_id': one, 'sharpness': float(one.split('-')[1])} for one in reversed(ids)]
    Path(dataset.folder, 'faces').mkdir()
    pq.write_table(pa.Table.from_pylist(rows, FACES), Path(dataset.folder, 'faces', 'part-00000-of-00001.parquet'))
    return dataset


def test_slices_are_of_the_faces_that_were_measured(package, measured, tmp_path):
    result = evaluate(package.folder, measured.folder, 'test', str(tmp_path / 'out'))
    said, labels = predicted(package, measured)
    assert [one.accuracy for one in result.slices.of('sharpness')] == pytest.approx((said == labels).reshape(4, 10).mean(axis=1))
    assert result.slices.unsliced == {'size': 'the same for nearly all'} | dict.fromkeys(
        ('yaw', 'roll', 'brightness', 'contrast'), 'not measured'
    )
    assert 'no slices by yaw, roll, brightness, contrast: not measured' in result.text
    written = json.loads((tmp_path / 'out' / 'evaluation-test.json').read_text())
    assert [one['high'] for one in written['slices']['slices']] == [9, 19, 29, 39]
    assert {path.name for path in (tmp_path / 'out').iterdir()} == {'evaluation-test.json', 'confusion-test.png', 'reliability-test.png'}


def test_faces_that_no_table_knows_have_no_slices(package, dataset):
    result = evaluate_package(package, dataset, 'test')
    assert result.slices.slices == ()
    assert 'no slices by sharpness, size, yaw, roll, brightness, contrast: the dataset holds no faces table' in result.text


SPEED = Times(load=0.5, latency=0.00025, faces_per_second=5120.4)


def said_by_card(package, section, split):
    """The text of a section of the card on one split."""
    card = Path(package.folder, 'card.md').read_text()
    return card.split(f'\n## {section}\n')[1].split('\n## ')[0].split(f'### {split}\n')[1].split('\n### ')[0]


def cells(text):
    """The rows of a Markdown table, below its head."""
    rows = [line.strip('| ').split(' | ') for line in text.splitlines() if line.startswith('|')]
    return rows[2:]


@pytest.mark.parametrize('split', ['validation', 'test'])
def test_the_card_says_what_metrics_json_says(package, split):
    metrics = json.loads(Path(package.folder, 'metrics.json').read_text())['splits'][split]
    figures, confidence = said_by_card(package, 'Figures', split), said_by_card(package, 'Confidence', split)
    assert f'accuracy {metrics["accuracy"]:.2%} of {metrics["examples"]} faces, standard error {metrics["standard_error"]:.2%}' in figures
    assert f'loss {metrics["loss"]:.4f}  macro F1 {metrics["macro_f1"]:.4f}' in figures
    for name, row in zip(metrics['recall'], metrics['confusion'], strict=True):
        line = next(line for line in figures.splitlines() if line.startswith(name))
        assert line.split()[1:-1] == [str(count) for count in row]
        assert line.split()[-1] == f'{metrics["recall"][name]:.1%}'
    errors = [metrics['calibration_error'], metrics['calibration_error_before']]
    assert 'Calibration error {:.4f}; {:.4f} without'.format(*errors) in confidence
    expected = [[f'{one["covered"]:.2%}', f'{one["accuracy"]:.2%}', f'{one["score"]:.4f}'] for one in metrics['risk_coverage']]
    assert cells(confidence) == expected
    curve = cells(said_by_card(package, 'Calibration curve', split))
    bins = [one for one in metrics['reliability'] if one['count']]
    assert [row[1:] for row in curve] == [[str(one['count']), f'{one["confidence"]:.4f}', f'{one["accuracy"]:.2%}'] for one in bins]
    assert sum(int(row[1]) for row in curve) == metrics['examples']


def test_the_card_says_the_slices_and_what_came_before(package, measured):
    result = evaluate_package(package, measured, 'test')
    recipe = Recipe({'epochs': 30}, 'faces@0', 'mien train faces', {'neutral': 1200}, 12, 7, 'other.keras@0123', 90.0, 'early stopping')
    text = card(
        package, recipe, [result], 1234, SPEED, [SourceSaid('photos', 'CC BY 4.0', 176), SourceSaid('a|b', None, 4)], ['## More\n\nmore']
    )
    found = [[one.measure, bound(one.low), bound(one.high), '10', f'{one.accuracy:.2%}'] for one in result.slices.slices]
    slices = text.split('\n## Slices\n')[1].split('\n## ')[0]
    assert [row[:5] for row in cells(slices)] == found
    assert 'No slices by size: the same for nearly all.' in slices
    assert 'in processor time: 5,120 faces a second in batches, 0.25 ms for one.' in text
    assert '| photos | 176 | CC BY 4.0 |\n| a\\|b | 4 | not said |' in text
    assert 'It began with the weights of `other.keras@0123`. 12 epochs of at most 30, ended by early stopping, in 1.5 minutes' in text
    assert 'the weights are those of epoch 7,' in text
    assert '\n\n## More\n\nmore\n\n## Recipe\n\n' in text


def test_a_dataset_to_measure_on_needs_no_training_examples(package, dataset, tmp_path):
    folder = Path(
        shutil.copytree(dataset.folder, tmp_path / 'test-alone', ignore=shutil.ignore_patterns('*-train*', '*-validation*', 'transform*'))
    )
    assert evaluate(package.folder, str(folder), 'test').metrics == evaluate(package.folder, dataset.folder, 'test').metrics
    with pytest.raises(UsageError, match='holds no transform_fn/, as it has no training examples; build it with some'):
        TransformGraph(Dataset.load(folder))


def test_a_place_is_a_split_at_home_and_says_the_dataset_elsewhere(package, dataset):
    result = evaluate_package(package, dataset, 'test')
    home = f'tiny@{dataset.digest}'
    assert (result.place(home), result.place('faces@0')) == ('test', f'test of {home}')


def test_the_card_of_a_network_that_was_not_trained(package, dataset):
    recipe = Recipe({'epochs': 0}, 'faces@0', 'mien train faces', {'neutral': 1200}, 0, 0, 'other.keras@0123', 0.0, '')
    text = card(package, recipe, [evaluate_package(package, dataset, 'test')], 1234, SPEED)
    assert 'It began with the weights of `other.keras@0123`, which were taken as they are.' in text
    assert 'epoch 0' not in text


def test_a_dataset_says_where_its_faces_are_from(rewritten):
    folder = Path(rewritten().folder)
    snapshot = json.loads((folder / 'snapshot.json').read_text())
    snapshot['config'] |= {'licence': 'for research use', 'sources': {'b': {'licence': 'CC BY 4.0'}}}
    snapshot['tallies'] = {'examples_of': {'a': 100, 'b': 76}}
    (folder / 'snapshot.json').write_text(json.dumps(snapshot))
    dataset = Dataset.load(folder)
    assert dataset.sources == (SourceSaid('a', 'for research use', 100), SourceSaid('b', 'CC BY 4.0', 76))
