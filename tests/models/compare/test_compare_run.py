"""A comparison for real: trained, killed, gone on with, measured once; one run fails and the others don't."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import keras
import pyarrow.parquet as pq
import pytest
import tensorflow as tf

from mien.configs.errors import JobFailed
from mien.configs.load import load
from mien.configs.schema import CompareConfig
from mien.models.compare.compare import compare, prepared
from mien.models.data.examples import Examples
from mien.models.evaluation.evaluate import evaluate
from mien.models.package import ModelPackage, hashes
from mien.pipelines.lock import writing_beside

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]  # five processes that import TensorFlow, on a machine that may be busy
RECIPE = 'architecture: compact_resnet\nbatch_size: 16\nepochs: 3\nexports: [int8]\nexpect_accuracy: 0.01\n'


@pytest.fixture(scope='module')
def done(dataset, package, tmp_path_factory):
    """OUT of a comparison that was stopped in its first training, after an epoch, and run again; with its config, and what was said."""
    folder = tmp_path_factory.mktemp('compare')
    (folder / 'good.yaml').write_text(RECIPE)
    (folder / 'mine.yaml').write_text('runs:\n  good: {config: good.yaml}\n  held: {config: good.yaml}\n')
    words = ['compare', dataset.folder, '--config', 'mine.yaml', '--packages', package.folder, '--out', 'out']
    command = [sys.executable, '-m', 'mien.pipelines.cli', *words]
    with writing_beside(folder / 'out/runs/held'):  # its training fails at once
        with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            for line in process.stdout:
                if line.startswith('[good] epoch 2/3'):  # the first is on disk by now
                    process.send_signal(signal.SIGTERM)
            stopped = process.stderr.read()
        again = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert again.returncode == 0, again.stderr
    return folder, process.returncode, stopped, again


def test_a_stopped_comparison_says_one_line_and_goes_on_where_it_stopped(done):
    _, status, stopped, again = done
    assert (status, stopped) == (128 + signal.SIGTERM, 'mien: stopped; the same command goes on where it stopped\n')
    assert '[good] epoch 1/3' not in again.stdout
    assert '[good] epoch 3/3' in again.stdout


def test_one_failure_is_a_row_with_its_reason(done):
    folder, _, _, again = done
    rows = {row['id']: row for row in pq.read_table(folder / 'out/comparison.parquet').to_pylist()}
    assert [row['status'] for row in rows.values()] == ['ok', 'failed', 'ok']
    assert list(rows) == ['good', 'held', 'package']
    assert f'is being written by process {os.getpid()}' in rows['held']['reason']
    assert rows['held']['accuracy'] is None
    assert again.stderr.splitlines()[-1] == f'mien: warning: run held failed: {rows["held"]["reason"]}'


def test_figures_are_those_of_the_package(done, dataset, package):
    folder, *_ = done
    rows = {row['id']: row for row in pq.read_table(folder / 'out/comparison.parquet').to_pylist()}
    for name, where in (('good', folder / 'out/runs/good'), ('package', Path(package.folder))):
        said = json.loads((where / 'metrics.json').read_text())
        test = said['splits']['test']
        keys = ('examples', 'accuracy', 'standard_error', 'loss', 'macro_f1', 'calibration_error')
        assert {key: rows[name][key] for key in keys} == {key: test[key] for key in keys}
        assert dict(rows[name]['recall']) == test['recall']
        assert rows[name]['model'] == ModelPackage.load(where).id
        assert rows[name]['tflite_bytes'] == os.path.getsize(where / 'model.tflite')
        assert rows[name]['keras_bytes'] == os.path.getsize(where / 'model.keras')
        assert rows[name]['train_seconds'] == said['recipe']['seconds']
        assert rows[name]['device'] == said['recipe']['config']['device'] == 'cpu'
        assert rows[name]['teachers'] == said['recipe']['config']['teachers'] == []
        network = keras.models.load_model(where / 'model.keras')
        assert (rows[name]['parameters'], rows[name]['weights']) == (network.count_params(), 'none')
        assert (rows[name]['dataset'], rows[name]['test'], rows[name]['split']) == (dataset.id, dataset.id, 'test')
        assert (rows[name]['architecture'], rows[name]['classes']) == ('compact_resnet', list(dataset.classes))
        assert (rows[name]['batch_size'], rows[name]['learning_rate']) == (16, 0.001)
        labelling = next(one for one in rows[name]['exports'] if one['file'] == rows[name]['export'])
        for key in ('load_warm', 'latency', 'faces_per_second', 'bytes'):
            assert rows[name][key] == labelling[key] > 0
    assert (rows['good']['seed'], rows['package']['seed']) == (0, 5)
    assert (rows['good']['epochs_asked'], rows['good']['epochs_run'], rows['good']['ended']) == (3, 3, 'all epochs')
    assert (rows['good']['expected'], rows['good']['met']) == (0.01, True)
    assert rows['good']['int8_bytes'] == os.path.getsize(folder / 'out/runs/good/model-int8.tflite')
    assert [one['file'] for one in rows['good']['exports']] == ['model-int8.tflite', 'model.tflite']
    assert 0 < rows['good']['load_warm'] < rows['good']['load_cold']


def test_the_best_is_a_whole_package_and_says_why(done):
    folder, *_ = done
    best = ModelPackage.load(folder / 'out/best')
    why = json.loads((folder / 'out/best/best.json').read_text())
    assert why['model'] == best.id
    assert why['steps'][-1]['left'][0] == why['run']
    assert 'held' not in why['steps'][0]['left']


def test_what_is_done_is_not_measured_again(done, dataset, package, monkeypatch):
    folder, *_ = done
    monkeypatch.chdir(folder)
    config = load(CompareConfig, 'compare', 'mine.yaml', {'packages': (package.folder,), 'only': ('good', 'package')})
    before = {path.name: path.read_bytes() for path in Path('out/runs').glob('row-*.json')}
    parquet = Path('out/comparison.parquet').read_bytes()
    told = []
    compare(prepared([dataset.folder], Path('out'), config), Path('out'), config, told.append)
    assert before == {path.name: path.read_bytes() for path in Path('out/runs').glob('row-*.json')}
    assert parquet == Path('out/comparison.parquet').read_bytes()
    assert sum('is done already' in line for line in told) == 2


def test_a_package_is_the_one_that_this_call_names(dataset, package, tmp_path, monkeypatch):
    """Named from another folder it is the same; where its files are others by now, they are measured again."""
    for name in ('here', 'there'):
        (tmp_path / name).mkdir()
    mine, told = Path(shutil.copytree(package.folder, tmp_path / 'here/mine')), []
    for name, given in (('here', 'mine'), ('there', '../here/mine')):
        monkeypatch.chdir(tmp_path / name)
        config = load(CompareConfig, 'compare', None, {'packages': (given,)})
        compare(prepared([dataset.folder], tmp_path / 'out', config), tmp_path / 'out', config, told.append)
    assert sum('is done already' in line for line in told) == 1
    (row,) = pq.read_table(tmp_path / 'out/comparison.parquet').to_pylist()
    assert (row['package'], ModelPackage.load(tmp_path / 'out/best').id) == ('../here/mine', package.id)
    metrics = json.loads((mine / 'metrics.json').read_text())
    metrics['recipe']['config']['learning_rate'] = 0.5
    (mine / 'metrics.json').write_text(json.dumps(metrics))
    made = ModelPackage.load(package.folder)
    replace(made, folder=str(mine), files=hashes(mine, made.files)).write_manifest()
    compare(prepared([dataset.folder], tmp_path / 'out', config), tmp_path / 'out', config, told.append)
    (row,) = pq.read_table(tmp_path / 'out/comparison.parquet').to_pylist()
    assert row['learning_rate'] == 0.5


def test_one_test_split_measures_what_was_trained_elsewhere(dataset, rewritten, tmp_path):
    learnt = tf.io.encode_png(next(Examples(dataset, dataset.classes).crops('train'))[0][0]).numpy()

    def leak(example):
        if example.features.feature['uri'].bytes_list.value[0] in (b'test/5', b'test/7'):
            example.features.feature['image'].bytes_list.value[0] = learnt

    other, told, out = rewritten(leak), [], tmp_path / 'out'
    (tmp_path / 'good.yaml').write_text(RECIPE.replace('epochs: 3', 'epochs: 1'))
    said = {'architectures': ('compact_resnet',), 'recipes': {'compact_resnet': str(tmp_path / 'good.yaml')}, 'test': other.folder}
    config = load(CompareConfig, 'compare', None, said)
    compare(prepared([dataset.folder], out, config), out, config, told.append)
    (row,) = pq.read_table(out / 'comparison.parquet').to_pylist()
    assert (row['status'], row['dataset'], row['test'], row['examples'], row['seen']) == ('ok', dataset.id, other.id, 40, 2)
    assert row['accuracy'] == evaluate(str(out / 'runs/tiny-compact_resnet'), other.folder, 'test').metrics.accuracy
    assert any('warning: 2 of the faces that measure it are among those that it was trained on' in line for line in told)


def test_no_success_is_a_failure(dataset, tmp_path, folder):
    """Nothing is trained that could not be measured."""
    other = folder('other', ('sadness', 'fear'), size=32)
    config = load(CompareConfig, 'compare', None, {'architectures': ('compact_resnet',), 'test': other})
    with pytest.raises(JobFailed, match='no run has succeeded; tiny-compact_resnet: '):
        compare(prepared([dataset.folder], tmp_path / 'out', config), tmp_path / 'out', config, print)
    assert 'failed' in (tmp_path / 'out/comparison.md').read_text()
    assert not (tmp_path / 'out/best').exists()
