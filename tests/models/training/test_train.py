"""Training: the same options give the same model, also after a kill; and what it refuses."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from mien.configs.errors import JobFailed, UsageError
from mien.models.data.augment import Augmentation
from mien.models.data.dataset import load_together
from mien.models.data.examples import Examples
from mien.models.evaluation.evaluate import evaluate
from mien.models.package import ModelPackage
from mien.models.training.fit import fit, open_source
from mien.models.training.journal import STATE
from mien.models.training.recipe import identity, write_identity
from mien.models.training.train import train

RUN = """
import json, sys
from mien.configs.schema import TrainConfig
from mien.models.training.train import train
values = json.loads(sys.argv[3])
train([sys.argv[1]], sys.argv[2], TrainConfig(**values | {'classes': tuple(values['classes'])}), 'mien train tiny')
"""

SINGULAR = """
import keras, tensorflow as tf

@keras.saving.register_keras_serializable()
class Singular(keras.layers.Layer):
    def call(self, images):
        return tf.linalg.svd(tf.squeeze(images, -1), compute_uv=False)

def build(spec, classes):
    images = keras.Input((spec.crop, spec.crop, spec.channels))
    return keras.Model(images, keras.layers.Dense(classes)(Singular()(images)))
"""


def kill_after_two_epochs(dataset, out, config):
    command = [sys.executable, '-c', RUN, dataset.folder, str(out), json.dumps(vars(config))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        for line in process.stdout:
            if line.startswith('epoch 2/4'):
                os.kill(process.pid, signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL


def summaries(path):
    return (tf.compat.v1.Event.FromString(record) for record in tf.data.TFRecordDataset(str(path)).as_numpy_iterator())


KILL = """
import os, signal, sys
change, ending = sys.argv[4:6]
original = getattr(os, change)
def changed(path, *said, **how):
    if str(path).endswith(ending):
        os.kill(os.getpid(), signal.SIGKILL)
    return original(path, *said, **how)
setattr(os, change, changed)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ('change', 'ending'),
    [
        ('replace', 'best-0000.npz.partial'),
        ('replace', 'epoch.npz.partial'),
        ('unlink', 'model.json'),
        ('rename', 'package.partial'),
        ('unlink', 'epoch.npz'),
    ],
    ids=['before the best weights', 'before the state', 'trained and not packed', 'packed and not named', 'named and not cleared up'],
)
def test_so_does_one_that_is_killed_elsewhere(dataset, one_epoch, train_config, tmp_path, change, ending):
    out, config = tmp_path / 'package', train_config(epochs=1)
    command = [sys.executable, '-c', KILL + RUN, dataset.folder, str(out), json.dumps(vars(config)), change, ending]
    assert subprocess.run(command, capture_output=True).returncode == -signal.SIGKILL
    assert out.exists() is (ending == 'epoch.npz')
    assert train([dataset.folder], str(out), config, 'mien train tiny').id == one_epoch.id
    assert not (out / 'work').exists()
    assert [path.name for path in tmp_path.iterdir()] == ['package']


@pytest.fixture(scope='module')
def one_epoch(dataset, train_config, tmp_path_factory):
    """A package of one epoch, trained without a kill."""
    return train([dataset.folder], str(tmp_path_factory.mktemp('one') / 'package'), train_config(epochs=1), 'mien train tiny')


@pytest.mark.slow
def test_a_training_whose_epochs_were_done_on_a_gpu_becomes_its_package_elsewhere_and_says_so(dataset, one_epoch, train_config, tmp_path):
    out, config = tmp_path / 'package', train_config(epochs=1)
    work = tmp_path / 'package.partial/work'
    work.mkdir(parents=True)
    fit(open_source(load_together([dataset.folder])[0], config), config, work, tmp_path / 'logs')
    with np.load(work / STATE) as state:
        arrays = dict(state)
    said = json.loads(str(arrays['progress']))
    assert said['device'] == 'cpu'
    np.savez(work / STATE, **arrays | {'progress': np.array(json.dumps(said | {'device': 'gpu'}))})
    assert train([dataset.folder], str(out), config, 'mien train tiny').id == one_epoch.id
    assert json.loads((out / 'metrics.json').read_text())['recipe']['config']['device'] == 'gpu'
    assert '| device | gpu |' in (out / 'card.md').read_text()


@pytest.mark.slow
def test_a_killed_training_goes_on_to_the_same_model(dataset, package, train_config, tmp_path, capsys):
    out, config = tmp_path / 'package', train_config()
    kill_after_two_epochs(dataset, out, config)
    resumed = train([dataset.folder], str(out), config, 'mien train tiny')
    assert 'epoch 1/4' not in capsys.readouterr().out
    assert (resumed.id, resumed.files['model.keras']) == (package.id, package.files['model.keras'])
    history, expected = (json.loads((folder / 'metrics.json').read_text())['history'] for folder in (out, Path(package.folder)))
    assert history == expected
    assert not (out / 'work').exists()
    written = [value.tag for path in (out / 'logs').rglob('events*') for event in summaries(path) for value in event.summary.value]
    assert {'epoch_loss', 'epoch_accuracy'} <= set(written)


@pytest.mark.slow
def test_so_does_one_with_a_schedule_decay_mixtures_and_teachers(dataset, package, train_config, tmp_path, capsys):
    recipe = {'schedule': 'cosine', 'warmup_epochs': 1, 'weight_decay': 0.05, 'cutout': 0.3, 'mixup': 0.2, 'ema': 0.9}
    config = train_config(teachers=(package.folder,), **recipe)
    kill_after_two_epochs(dataset, tmp_path / 'killed', config)
    killed, whole = (train([dataset.folder], str(tmp_path / name), config, 'x') for name in ('killed', 'whole'))
    assert capsys.readouterr().out.count('epoch 1/4') == 1
    assert killed.id == whole.id != package.id
    histories = [json.loads(Path(one.folder, 'metrics.json').read_text())['history'] for one in (killed, whole)]
    assert histories[0] == histories[1]
    # By hand: six steps an epoch; the last of the first one is five sixths warm, the last of all one of eighteen before the end.
    rates = [epoch['learning_rate'] for epoch in histories[0]]
    assert rates[0] == pytest.approx(0.001 * 5 / 6)
    assert rates[3] == pytest.approx(0.0005 * (1 + np.cos(np.pi * 17 / 18)))


@pytest.mark.slow
def test_so_does_one_that_scales_its_loss(dataset, train_config, tmp_path):
    config = train_config(precision='mixed_float16', ema=0.9)
    kill_after_two_epochs(dataset, tmp_path / 'killed', config)
    killed, whole = (train([dataset.folder], str(tmp_path / name), config, 'x') for name in ('killed', 'whole'))
    assert killed.id == whole.id


@pytest.mark.slow
def test_a_state_that_is_damaged_or_of_another_network_is_one_line(dataset, train_config, tmp_path):
    out, config = tmp_path / 'package', train_config()
    kill_after_two_epochs(dataset, out, config)
    state = tmp_path / 'package.partial' / 'work' / 'epoch.npz'
    whole = dict(np.load(state))
    np.savez(state, **whole | {'00000': np.zeros((1, 1), np.float32)})
    with pytest.raises(JobFailed, match=r'epoch\.npz: holds another network; remove .*package\.partial and start again'):
        train([dataset.folder], str(out), config, 'x')
    later = json.dumps(json.loads(str(whole['progress'])) | {'said_later': 1})
    np.savez(state, **whole | {'progress': np.array(later)})
    with pytest.raises(JobFailed, match=r'epoch\.npz: cannot be read .*said_later.*; remove .*package\.partial and start again'):
        train([dataset.folder], str(out), config, 'x')
    state.write_bytes(state.read_bytes()[:-100])
    with pytest.raises(JobFailed, match=r'epoch\.npz: cannot be read .*; remove .*package\.partial and start again'):
        train([dataset.folder], str(out), config, 'x')


@pytest.mark.parametrize('split', ['train', 'validation', 'test'])
def test_damaged_records_are_told_before_anything_is_trained(dataset, train_config, tmp_path, split):
    folder = Path(shutil.copytree(dataset.folder, tmp_path / 'dataset'))
    records = next(folder.glob(f'*-{split}.tfrecord-*'))
    data = bytearray(records.read_bytes())
    data[-20] ^= 1
    records.write_bytes(data)
    with pytest.raises(JobFailed, match=r'its records are damaged \(.+\); `mien verify` says which'):
        train([str(folder)], str(tmp_path / 'out'), train_config(), '')
    assert not any((tmp_path / 'out.partial' / 'work').glob('*'))


def test_an_image_that_is_none_is_told_as_damaged(rewritten, train_config, tmp_path):
    def cut(example):
        image = example.features.feature['image'].bytes_list
        image.value[0] = image.value[0][:20]

    with pytest.raises(JobFailed, match=r'its records are damaged \(.*PNG.*\); `mien verify` says which'):
        train([rewritten(cut).folder], str(tmp_path / 'out'), train_config(epochs=1), '')


@pytest.mark.parametrize('content', [b'', b'no graph'])
def test_a_damaged_transform_graph_is_a_wrong_call(dataset, train_config, tmp_path, content):
    folder = Path(shutil.copytree(dataset.folder, tmp_path / 'dataset'))
    (folder / 'transform_fn' / 'saved_model.pb').write_bytes(content)
    with pytest.raises(UsageError, match=r'transform_fn/ cannot be read'):
        train([str(folder)], str(tmp_path / 'out'), train_config(), '')
    assert sorted(path.name for path in tmp_path.iterdir()) == ['dataset']


@pytest.mark.slow
def test_a_package_is_measured_on_another_dataset_too(dataset, rewritten, train_config, tmp_path, capsys):
    learnt = tf.io.encode_png(next(Examples(dataset, dataset.classes).crops('train'))[0][0]).numpy()

    def lose_happiness(example):
        if example.features.feature['uri'].bytes_list.value[0] == b'test/5':
            example.features.feature['image'].bytes_list.value[0] = learnt
        if example.features.feature['label_name'].bytes_list.value[0] == b'happiness':
            example.features.feature['label_name'].bytes_list.value[0] = b'neutral'

    other = rewritten(lose_happiness)
    config = train_config(epochs=1, batch_size=128, measure_on=(other.folder,))
    package = train([dataset.folder], str(tmp_path / 'measured'), config, 'mien train')
    metrics = json.loads(Path(package.folder, 'metrics.json').read_text())
    place = f'test of tiny@{other.digest}'
    assert list(metrics['splits']) == ['validation', 'test', place]
    assert list(metrics['robustness']) == ['validation', 'test', place]
    happy = dataset.classes.index('happiness')
    assert sum(metrics['splits']['test']['confusion'][happy]) > sum(metrics['splits'][place]['confusion'][happy]) == 0
    assert f'### {place}' in Path(package.folder, 'card.md').read_text()
    told = capsys.readouterr().err
    assert f'warning: 1 faces of the test split of {other.folder!r} are in train of {dataset.folder!r}' in told
    assert 'warning: batch_size 128: there are 96 faces in train, which are one batch' in told


@pytest.mark.slow
def test_several_datasets_are_one_training_and_each_measures_it(dataset, rewritten, train_config, tmp_path, capsys):
    def turn(example):
        image = example.features.feature['image'].bytes_list
        image.value[0] = tf.io.encode_png(tf.image.flip_left_right(tf.io.decode_png(image.value[0]))).numpy()

    other, out, config = rewritten(turn, 'gzip'), tmp_path / 'both', train_config(epochs=1)
    package = train([dataset.folder, other.folder], str(out), config, 'mien train')
    metrics = json.loads((out / 'metrics.json').read_text())
    assert metrics['recipe']['counts'] == {'neutral': 96, 'happiness': 64, 'surprise': 32}  # by hand: twice 96 faces
    assert list(metrics['splits']) == ['validation', 'test', *(f'{split} of {other.id}' for split in ('validation', 'test'))]
    assert f'Dataset `{dataset.id} + {other.id}`' in (out / 'card.md').read_text()
    train([dataset.folder, other.folder], str(out), config, 'mien train')
    assert f'is complete already: {package.id}' in capsys.readouterr().out
    with pytest.raises(UsageError, match=r'dataset is .* there'):
        train([dataset.folder], str(out), config, 'mien train')


@pytest.mark.parametrize(
    ('classes', 'expected'),
    [((), [96 / (3 * 48), 96 / (3 * 32), 96 / (3 * 16)]), (('neutral', 'surprise'), [64 / (2 * 48), 64 / (2 * 16)])],
    ids=['all', 'two'],
)
def test_class_weights_are_inverse_frequencies_and_one_on_average(dataset, train_config, classes, expected):
    source = open_source(dataset, train_config(class_weights=True, classes=classes, soft_labels=False))
    nothing = Augmentation(False, 0.0, 0.0, 0.0, 0.0, 0.0)
    batches = list(source.training(0, 1, 16, 0, nothing).as_numpy_iterator())
    labels, weights = (np.concatenate([batch[place] for batch in batches]) for place in (1, 2))
    assert weights.mean() == pytest.approx(1)
    for label, weight in enumerate(expected):
        np.testing.assert_allclose(weights[labels.argmax(axis=1) == label], weight, rtol=1e-5)


def test_class_weights_of_several_datasets_are_refused(dataset, rewritten, train_config):
    other = rewritten(lambda example: example.features.feature['weight'].float_list.value.append(0.5))
    with pytest.raises(UsageError, match=r'--class-weights: .* \+ .* have each their own; build one dataset of all'):
        open_source(dataset, train_config(class_weights=True), (other,))


def test_a_dataset_to_measure_on_without_a_face_of_these_classes_is_refused_before_anything_is_trained(
    dataset, rewritten, train_config, tmp_path
):
    def all_surprised(example):
        example.features.feature['label_name'].bytes_list.value[0] = b'surprise'

    config = train_config(classes=('neutral', 'happiness'), measure_on=(rewritten(all_surprised).folder,))
    with pytest.raises(UsageError, match='no example of neutral, happiness in test; leave it out of --measure-on'):
        train([dataset.folder], str(tmp_path / 'out'), config, '')
    assert not any(path.name.startswith('out') for path in tmp_path.iterdir())


@pytest.mark.slow
def test_a_split_without_a_face_of_these_classes_is_not_measured_and_nothing_stale_is_packed(dataset, rewritten, train_config, tmp_path):
    def surprised_in_test(example):
        if example.features.feature['uri'].bytes_list.value[0].startswith(b'test/'):
            example.features.feature['label_name'].bytes_list.value[0] = b'surprise'

    partial, changed = tmp_path / 'out.partial', rewritten(surprised_in_test)
    config = train_config(classes=('neutral', 'happiness'), epochs=1)
    write_identity(partial, identity(config, changed.id))
    (partial / 'model.onnx').write_bytes(b'of an earlier call')
    (partial / 'model.json').write_bytes(b'of an earlier call')
    package = train([changed.folder], str(tmp_path / 'out'), config, '')
    assert list(json.loads(Path(package.folder, 'metrics.json').read_text())['splits']) == ['validation']
    assert not Path(package.folder, 'model.onnx').exists()
    assert 'model.onnx' not in package.files


@pytest.mark.parametrize('split', ['train', 'validation'])
def test_a_training_needs_its_splits(dataset, train_config, tmp_path, split):
    folder = Path(shutil.copytree(dataset.folder, tmp_path / 'dataset'))
    for path in folder.glob(f'*-{split}.tfrecord-*'):
        path.unlink()
    with pytest.raises(UsageError, match=f"no split '{split}'; it has test, "):
        train([str(folder)], str(tmp_path / 'out'), train_config(), '')
    assert [path.name for path in tmp_path.iterdir()] == ['dataset']


def test_a_class_without_a_training_face_is_named(rewritten, train_config, tmp_path):
    def never_surprised(example):
        name = example.features.feature['label_name'].bytes_list.value
        name[0] = b'neutral' if name[0] == b'surprise' else name[0]

    with pytest.raises(UsageError, match='no example of surprise in train; leave it out with --classes'):
        train([rewritten(never_surprised).folder], str(tmp_path / 'out'), train_config(), '')


def test_another_dataset_of_other_crops_is_refused_before_anything_is_trained(dataset, rewritten, train_config, tmp_path):
    other = Path(rewritten().folder, 'snapshot.json')
    other.write_text(other.read_text().replace('"crop_size": 32', '"crop_size": 48'))
    with pytest.raises(UsageError, match=r'crops are .* 48x48x1, this training takes .* 32x32x1; build it with the same'):
        train([dataset.folder], str(tmp_path / 'out'), train_config(measure_on=(str(other.parent),)), '')
    assert not any(path.name.startswith('out') for path in tmp_path.iterdir())


@pytest.mark.slow
def test_memory_stays_flat_over_the_epochs(dataset):
    command = [sys.executable, '-m', 'benchmarks.training_memory', dataset.folder, '--epochs', '8', '--', '--batch-size', '1']
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[3])
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r'epoch 8 to epoch 2: (0\.9|1\.0)', done.stdout)  # 96 steps an epoch: what each leaves behind shows


def test_a_finished_package_is_left_alone(dataset, package, train_config, capsys):
    before = {name: os.stat(os.path.join(package.folder, name)).st_mtime_ns for name in package.files}
    assert train([dataset.folder], package.folder, train_config(), 'again').id == package.id
    assert 'complete already' in capsys.readouterr().out
    assert before == {name: os.stat(os.path.join(package.folder, name)).st_mtime_ns for name in package.files}


def test_a_finished_package_that_was_not_measured_there_is_refused(dataset, package, train_config):
    with pytest.raises(UsageError, match=r'is complete and was not measured on .*; `mien evaluate .*` does it'):
        train([dataset.folder], package.folder, train_config(measure_on=(dataset.folder,)), 'again')
    with pytest.raises(UsageError, match='nowhere'):
        train([dataset.folder], package.folder, train_config(measure_on=('nowhere',)), 'again')


def test_another_training_is_refused_with_the_difference(dataset, package, train_config):
    with pytest.raises(UsageError, match='epochs is 4 there, 7 here'):
        train([dataset.folder], package.folder, train_config(epochs=7), 'another')


def test_what_somebody_else_has_begun_in_its_place_stays(dataset, train_config, tmp_path):
    (tmp_path / 'out.partial/_work').mkdir(parents=True)
    for classes in (('neutral', 'typo'), ()):
        with pytest.raises(UsageError, match=r'out\.partial holds _work, which `mien train` did not write; name another folder'):
            train([dataset.folder], str(tmp_path / 'out'), train_config(classes=classes), 'x')
    assert [path.name for path in (tmp_path / 'out.partial').iterdir()] == ['_work']


def test_a_dataset_that_is_trained_on_measures_once(dataset, train_config, tmp_path):
    with pytest.raises(UsageError, match='is trained on or named twice, and measures once; leave it out of --measure-on'):
        train([dataset.folder], str(tmp_path / 'out'), train_config(measure_on=(dataset.folder,)), 'x')
    assert not list(tmp_path.iterdir())


def test_a_network_that_could_not_label_is_refused_before_anything_is_trained(dataset, train_config, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / 'singular_of_tests.py').write_text(SINGULAR)
    with pytest.raises(UsageError, match=r"'singular_of_tests:build': its network uses tf\.Svd, which TFLite lacks; build it of"):
        train([dataset.folder], str(tmp_path / 'out'), train_config(architecture='singular_of_tests:build'), 'x')
    assert not any(path.name.startswith('out') for path in tmp_path.iterdir())


def test_a_folder_of_something_else_is_refused(dataset, train_config, tmp_path):
    (tmp_path / 'holiday.jpg').write_bytes(b'')
    with pytest.raises(UsageError, match='not written by `mien train`'):
        train([dataset.folder], str(tmp_path), train_config(), 'x')
    assert os.listdir(tmp_path) == ['holiday.jpg']


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        ({'architecture': 'resnet'}, 'no such architecture'),
        ({'classes': ('neutral', 'fear')}, "no class 'fear'"),
        ({'device': 'gpu'}, 'TensorFlow finds none'),
        ({'input_size': 16}, 'too small'),
    ],
)
def test_options_that_do_not_fit(dataset, train_config, tmp_path, changes, message):
    if changes.get('device') == 'gpu' and tf.config.list_physical_devices('GPU'):
        pytest.skip('there is a GPU here')
    with pytest.raises(UsageError, match=message):
        train([dataset.folder], str(tmp_path / 'out'), train_config(**changes), 'x')
    assert os.listdir(tmp_path) == []


def test_the_package_is_whole_and_light(package):
    files = {path.name for path in os.scandir(package.folder) if path.is_file()}
    assert files == {'model.json', *package.files}
    assert sum(os.path.getsize(os.path.join(package.folder, name)) for name in files) < 10 << 20
    network = keras.models.load_model(os.path.join(package.folder, 'model.keras'))
    assert getattr(network, 'optimizer', None) is None


def test_metrics_and_card_say_the_same(package, dataset):
    metrics = json.loads((package.export_path.parent / 'metrics.json').read_text())
    card = (package.export_path.parent / 'card.md').read_text()
    assert list(metrics['splits']) == ['validation', 'test']
    assert len(metrics['history']) == 4
    assert f'accuracy {metrics["splits"]["test"]["accuracy"]:.2%} of 40 faces' in card
    assert f'tiny@{dataset.digest}' in card
    assert 'mien train tiny' in card
    best = min(range(4), key=lambda epoch: metrics['history'][epoch]['val_loss'])
    assert metrics['recipe']['best'] == best + 1


def test_evaluation_is_written_and_equals_the_package_s_own(package, dataset, tmp_path):
    result = evaluate(package.folder, dataset.folder, 'test', str(tmp_path))
    own = json.loads((package.export_path.parent / 'metrics.json').read_text())['splits']['test']
    written = json.loads((tmp_path / 'evaluation-test.json').read_text())
    assert written['metrics'] == own
    assert written['model'] == package.id
    assert np.sum(own['confusion']) == 40
    picture = tf.io.decode_png((tmp_path / 'confusion-test.png').read_bytes())
    assert min(picture.shape[:2]) > 200
    assert 'accuracy' in result.text


def test_a_changed_package_is_refused(package, dataset, tmp_path):
    folder = shutil.copytree(package.folder, tmp_path / 'copy')
    with open(folder / 'model.tflite', 'ab') as file:
        file.write(b'x')
    with pytest.raises(UsageError, match='differs from the SHA-256'):
        ModelPackage.load(folder)


@pytest.mark.parametrize('name', ['+mine', 'a|b', '<b>'])
def test_a_name_that_no_package_may_have_is_refused_before_anything_is_trained(dataset, train_config, tmp_path, name):
    with pytest.raises(UsageError, match=r'^--name '):
        train([dataset.folder], str(tmp_path / 'out'), train_config(name=name), '')
    assert not list(tmp_path.iterdir())
