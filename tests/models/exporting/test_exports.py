"""The exports of one training, each opened by a reader that we did not write, against the Keras file."""

import json
import re
import shutil
import sys
from pathlib import Path

import keras
import numpy as np
import onnxruntime
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter

from mien.configs.errors import JobFailed, UsageError
from mien.configs.schema import EXPORTS
from mien.models.data.dataset import Dataset
from mien.models.data.graph import TransformGraph
from mien.models.data.records import Source
from mien.models.evaluation.calibrate import softmax, temperature
from mien.models.evaluation.evaluate import evaluate_examples, predict
from mien.models.exporting import exports, parity
from mien.models.exporting.export import LabellingModel, tflite
from mien.models.exporting.exports import said_of, write_exports
from mien.models.exporting.int8 import int8, sample
from mien.models.exporting.onnx import onnx, refuse_without_converter
from mien.models.exporting.parity import answers, section
from mien.models.interpreter import Labeller
from mien.models.manifest import FILES
from mien.models.package import ModelPackage
from mien.models.predictor import Predictor
from mien.models.training.train import train
from tests.batches import in_batches

pytestmark = pytest.mark.slow

BATCHES = [1, 7, 31, 32]


@pytest.fixture(scope='module')
def noisy(dataset, tmp_path_factory):
    """The dataset, with every fourth label of validation and test a wrong one: a temperature is a finite number then."""
    folder = shutil.copytree(dataset.folder, tmp_path_factory.mktemp('noisy') / 'dataset')
    for path in (*folder.glob('tiny-validation*'), *folder.glob('tiny-test*')):
        examples = [tf.train.Example.FromString(record) for record in tf.data.TFRecordDataset(str(path)).as_numpy_iterator()]
        with tf.io.TFRecordWriter(str(path)) as writer:
            for number, example in enumerate(examples):
                name = example.features.feature['label_name'].bytes_list.value
                if number % 4 == 0:
                    name[0] = b'surprise' if name[0] == b'neutral' else b'neutral'
                writer.write(example.SerializeToString())
    return Dataset.load(folder)


@pytest.fixture(scope='module')
def source(noisy):
    return Source(noisy, noisy.classes, TransformGraph(noisy))


@pytest.fixture(scope='module')
def crops(source):
    """40 faces."""
    return np.concatenate([crops for crops, _ in source.crops('test')])


@pytest.fixture(scope='module')
def whole(noisy, train_config, tmp_path_factory):
    """A package with every export, of which int8 labels, however the few faces of its test split fall."""
    out = tmp_path_factory.mktemp('exports') / 'package'
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parity, 'ACCURACY_LOSS', 1.0)
        return train([noisy.folder], str(out), train_config(exports=EXPORTS, label_with='int8'), 'mien train tiny')


@pytest.fixture(scope='module')
def network(whole):
    return keras.models.load_model(Path(whole.folder, 'model.keras'))


@pytest.fixture(scope='module')
def degrees(network, source):
    """The temperature of the float exports."""
    own = answers(network, source, 'validation')
    return temperature(own.logits, own.labels)


@pytest.fixture(scope='module')
def expected(network, source, crops, degrees):
    """What Keras says of the faces, calibrated."""
    return softmax(network(source.graph(crops)['image']).numpy().astype(np.float64) / degrees)


def content(package, name):
    return Path(package.folder, FILES[name]).read_bytes()


def test_every_export_stands_in_the_manifest(whole):
    assert whole.exports == FILES
    files = {path.relative_to(whole.folder).as_posix() for path in Path(whole.folder).rglob('*') if path.is_file()}
    assert {name for name in files if not name.startswith('logs/')} == {'model.json', *whole.files}
    assert 'saved_model/saved_model.pb' in whole.files
    assert ModelPackage.load(whole.folder) == whole


def test_tensorflow_reads_the_saved_model_by_its_signatures(whole, crops, expected):
    loaded = tf.saved_model.load(str(Path(whole.folder, 'saved_model')))
    label = loaded.signatures['serving_default']
    (spec,) = label.structured_input_signature[1].values()
    assert (spec.name, spec.dtype, spec.shape.as_list()) == ('crops', tf.uint8, [None, 32, 32, 1])
    for count in BATCHES:
        np.testing.assert_allclose(label(crops=tf.constant(crops[:count]))['probabilities'], expected[:count], atol=1e-5)
    names = loaded.signatures['classes']()['classes'].numpy()
    assert [name.decode() for name in names] == list(whole.classes)


def test_onnxruntime_reads_the_onnx_file(whole, crops, expected):
    session = onnxruntime.InferenceSession(content(whole, 'onnx'))
    (given,), (answer,) = session.get_inputs(), session.get_outputs()
    assert (given.name, given.type, given.shape) == ('crops', 'tensor(uint8)', ['batch', 32, 32, 1])
    assert (answer.name, answer.type, answer.shape) == ('probabilities', 'tensor(float)', ['batch', 3])
    for count in BATCHES:
        (probabilities,) = session.run(['probabilities'], {'crops': crops[:count]})
        np.testing.assert_allclose(probabilities, expected[:count], atol=1e-5)


def test_litert_reads_the_float_file(whole, crops, expected):
    np.testing.assert_allclose(Labeller(content(whole, 'float')).predict(crops), expected, atol=1e-5)


@pytest.fixture
def beside_a_giant(whole):
    """A network with thousands of times the images' mean beside its logits, which nothing hangs on: XNNPACK refuses such scales."""
    trained = keras.models.load_model(Path(whole.folder, 'model.keras'))
    images = keras.Input(trained.input_shape[1:])
    giant = keras.ops.mean(images, axis=(1, 2)) * 1e5
    logits = keras.layers.Dense(3, use_bias=False)
    network = keras.Model(images, logits(keras.layers.Concatenate()([trained(images), giant])))
    logits.set_weights([np.eye(4, 3, dtype=np.float32)])
    return network


def test_weights_alone_are_integers_where_xnnpack_runs_no_others(beside_a_giant, source, train_config, tmp_path, capsys):
    beside_a_giant.save(tmp_path / 'model.keras')
    write_exports(tmp_path, beside_a_giant, source, train_config(exports=('float', 'int8')))
    said = 'model-int8.tflite: only the weights are of 8 bits, not the activations: LiteRT cannot run the model: failed to create XNNPACK'
    assert said in capsys.readouterr().out
    probabilities = Labeller((tmp_path / 'model-int8.tflite').read_bytes()).predict(next(source.crops('test'))[0])
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)


@pytest.mark.parametrize('split', ['validation', 'test'])
def test_weights_alone_are_integers_where_one_scale_for_all_activations_costs_too_much(
    whole, network, source, train_config, tmp_path, monkeypatch, capsys, split
):
    loses = exports._loses
    monkeypatch.setattr(exports, '_loses', lambda scores, expected: loses(-scores if expected.split == split else scores, expected))
    shutil.copy(Path(whole.folder, 'model.keras'), tmp_path)
    figures = {some.name: some for some in write_exports(tmp_path, network, source, train_config(exports=('float', 'int8'))).figures}
    assert re.search(rf'8 bits, not the activations: they would lose .+ points of accuracy on {split}', capsys.readouterr().out)
    held = {detail['dtype'] for detail in Interpreter(model_path=str(tmp_path / 'model-int8.tflite')).get_tensor_details()}
    assert {np.int8, np.float32} <= held
    assert figures['int8'].bytes < figures['float'].bytes / 2
    assert figures['int8'].faithful
    export, crops = (tmp_path / 'model-int8.tflite').read_bytes(), next(source.crops('test'))[0]
    for batch in BATCHES:
        said = in_batches(export, crops, batch)
        assert said.tobytes() == Labeller(export).predict(crops[: len(said)]).tobytes()


def test_the_int8_file_holds_integers_and_talks_as_the_float_one(whole):
    interpreter = Interpreter(model_content=content(whole, 'int8'))
    (given,), (answer,) = interpreter.get_input_details(), interpreter.get_output_details()
    assert (given['dtype'], given['shape_signature'].tolist()) == (np.uint8, [-1, 32, 32, 1])
    assert (answer['dtype'], answer['shape_signature'].tolist()) == (np.float32, [-1, 3])
    working = [operation for operation in interpreter._get_ops_details() if operation['op_name'] in ('CONV_2D', 'FULLY_CONNECTED')]
    assert len(working) > 10
    tensors = {tensor['index']: tensor for tensor in interpreter.get_tensor_details()}
    for operation in working:
        assert {*operation['operand_types'][:2], *operation['result_types']} == {np.int8}
        weights = tensors[operation['inputs'][1]]
        assert len(weights['quantization_parameters']['scales']) == weights['shape'][0]  # a scale for each channel


def test_another_export_of_the_network_has_the_same_bytes(whole, network, source, degrees):
    graph, crop = source.graph, source.dataset.crop
    assert tflite(LabellingModel(graph, network, crop, degrees)) == content(whole, 'float')
    assert onnx(LabellingModel(graph, network, crop, degrees)) == content(whole, 'onnx')
    assert int8(LabellingModel(graph, network, crop, whole.temperature), sample(source)) == content(whole, 'int8')


def test_the_sample_is_the_first_faces_of_the_training(source):
    every = np.concatenate([crops for crops, _ in source.crops('train')])
    assert sample(source).tobytes() == every.tobytes()  # 96 faces, fewer than asked
    assert len(sample(source)) == 96


def test_int8_that_labels_is_calibrated_by_its_own_answers(whole, source, degrees):
    probabilities, labels = predict(Predictor(whole), source, 'validation')
    assert whole.export == 'model-int8.tflite'
    # The logits are quantized anew at the new temperature, which moves them a little.
    assert temperature(np.log(np.maximum(probabilities, 1e-12)), labels) == pytest.approx(1, abs=0.05)
    covered = (probabilities.max(axis=1) >= whole.abstain_below).mean()
    assert covered >= 0.95


def test_metrics_and_card_say_what_each_export_is_worth(whole, source, crops, expected):
    exports = json.loads(Path(whole.folder, 'metrics.json').read_text())['exports']
    assert [some['name'] for some in exports] == list(FILES)
    assert [some['name'] for some in exports if some['labels']] == ['int8']
    assert {some['split'] for some in exports} == {'test'}
    labels = np.concatenate([labels for _, labels in source.crops('test')])
    card = Path(whole.folder, 'card.md').read_text()
    for some in exports:
        path = Path(whole.folder, some['file'])
        assert some['bytes'] == sum(file.stat().st_size for file in [path, *path.rglob('*')] if file.is_file())
        assert f'| {some["name"]} | `{some["file"]}` | {some["bytes"]:,} | {some["accuracy"]:.2%} |' in card
    predicted = Labeller(content(whole, 'int8')).predict(crops).argmax(axis=1)
    by_name = {some['name']: some for some in exports}
    assert by_name['int8']['agreement'] == np.mean(predicted == expected.argmax(axis=1))
    assert by_name['int8']['accuracy'] == np.mean(predicted == labels)
    assert by_name['keras']['accuracy'] == np.mean(expected.argmax(axis=1) == labels)
    assert evaluate_examples(whole, source, 'test').metrics.accuracy == by_name['int8']['accuracy']


@pytest.mark.parametrize(
    ('loss', 'files', 'labels'),
    [(1.0, {'model.keras', 'model-int8.tflite'}, 'int8'), (-2.0, {'model.keras', 'model.tflite'}, 'float')],
    ids=['int8 labels', 'int8 loses too much'],
)
def test_a_float_file_that_does_not_label_is_compared_and_left_out_and_an_int8_file_that_loses_too_much(
    whole, network, source, train_config, tmp_path, monkeypatch, loss, files, labels
):
    monkeypatch.setattr(parity, 'ACCURACY_LOSS', loss)
    shutil.copy(Path(whole.folder, 'model.keras'), tmp_path)
    exported = write_exports(tmp_path, network, source, train_config(exports=(), label_with='int8'))
    assert {path.name for path in tmp_path.iterdir()} == files
    figures = {some.name: some for some in exported.figures}
    assert [some.file for some in exported.figures if some.held] == [FILES[name] for name in FILES if FILES[name] in files]
    assert (exported.labelling.name, figures['float'].faithful) == (labels, True)
    assert figures['float'].bytes == len(content(whole, 'float'))
    assert section(exported.figures).count('% | not in the package |') == 1


def test_a_missing_converter_is_told_before_the_training(dataset, train_config, tmp_path, monkeypatch):
    refuse_without_converter(('int8', 'onnx'))
    monkeypatch.setitem(sys.modules, 'tf2onnx', None)
    refuse_without_converter(('int8', 'saved_model'))
    with pytest.raises(UsageError, match=r"pip install 'mien\[onnx\]'"):
        train([dataset.folder], str(tmp_path / 'out'), train_config(exports=('onnx',)), 'x')
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ('wrong', 'message'), [('scores', 'its scores differ from the network'), ('labels', 'gives the label of the network to')]
)
def test_an_export_that_says_other_things_than_the_network_is_no_package(dataset, train_config, tmp_path, monkeypatch, wrong, message):
    if wrong == 'scores':
        monkeypatch.setattr(exports, 'softmax', lambda logits: 1 - softmax(logits))
    else:
        monkeypatch.setattr(exports, 'said_of', lambda *asked: -said_of(*asked))
    with pytest.raises(JobFailed, match=rf'model\.tflite: {message}'):
        train([dataset.folder], str(tmp_path / 'out'), train_config(epochs=1), 'x')
    assert not (tmp_path / 'out').exists()
