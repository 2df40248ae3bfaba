"""Two real processes on this machine train one model together."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mien.configs.errors import UsageError
from mien.models.training.cluster import Cluster, cluster_of
from mien.models.training.train import train

RUN = """
import json, sys
from mien.configs.errors import JobFailed, UsageError
from mien.configs.schema import TrainConfig
from mien.models.training.train import train
values = {key: tuple(value) if isinstance(value, list) else value for key, value in json.loads(sys.argv[3]).items()}
try:
    train([sys.argv[1]], sys.argv[2], TrainConfig(**values), 'mien train tiny')
except (JobFailed, UsageError) as error:
    sys.exit(f'mien: {error}')
"""
OWN = """
import keras

def linear(spec, classes):
    image = keras.Input((spec.crop, spec.crop, spec.channels))
    flat = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(image))
    return keras.Model(image, keras.layers.Dense(classes)(flat))

def noting(spec, classes):
    image = keras.Input((spec.crop, spec.crop, spec.channels))
    flat = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(image))
    hidden = keras.layers.Dropout(0.3)(keras.layers.BatchNormalization()(keras.layers.Dense(8)(flat)))
    return keras.Model(image, keras.layers.Dense(classes)(hidden))
"""
LINEAR = {'architecture': 'own_networks:linear', 'exports': (), 'batch_size': 32}
NOTING = LINEAR | {'architecture': 'own_networks:noting'}
PLAIN = {'flip': False, 'rotation': 0.0, 'zoom': 0.0, 'shift': 0.0, 'contrast': 0.0}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with two networks that Python finds: one is linear, so that a batch's gradient is the mean of its parts'; one has random
    states and notes statistics of its batches."""
    (tmp_path / 'own_networks.py').write_text(OWN)
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(('127.0.0.1', 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def start(dataset, folder, out, configs):
    """The workers as processes, the chief first; only the chief can write to `out`."""
    addresses = [f'127.0.0.1:{port}' for port in free_ports(len(configs))]
    processes = []
    for index, config in enumerate(configs):
        tf_config = json.dumps({'cluster': {'worker': addresses}, 'task': {'type': 'worker', 'index': index}})
        paths = os.pathsep.join([str(folder), os.environ.get('PYTHONPATH', '')])
        own_out = out if index == 0 else folder / f'nothing-of-{index}'
        command = [sys.executable, '-c', RUN, dataset.folder, str(own_out), json.dumps(vars(config))]
        environment = os.environ | {'TF_CONFIG': tf_config, 'PYTHONPATH': paths}
        pipes = {'stdout': subprocess.PIPE, 'stderr': subprocess.PIPE, 'text': True}
        processes.append(subprocess.Popen(command, env=environment, **pipes))
    return processes


def ends(processes):
    """Exit status and last line of stderr of each."""
    said = [process.communicate(timeout=240)[1].strip().rpartition('\n')[2] for process in processes]
    return [(process.returncode, line) for process, line in zip(processes, said, strict=True)]


def history(out):
    return json.loads(Path(out, 'metrics.json').read_text())['history']


def digest(out):
    return json.loads(Path(out, 'model.json').read_text())['digest']


@pytest.mark.slow
def test_two_workers_take_the_steps_of_one(dataset, folder, train_config):
    config = train_config(epochs=2, **LINEAR, **PLAIN)
    together = ends(start(dataset, folder, folder / 'two', [config] * 2))
    assert [status for status, _ in together] == [0, 0], together
    train([dataset.folder], str(folder / 'one'), config, 'mien train tiny')
    for two, one in zip(history(folder / 'two'), history(folder / 'one'), strict=True):
        np.testing.assert_allclose([two[name] for name in one], list(one.values()), rtol=1e-5, atol=1e-6)
    assert not list(folder.glob('nothing-of-*'))


@pytest.mark.slow
def test_killed_workers_go_on_to_the_same_model(dataset, folder, train_config):
    config = train_config(epochs=4, **NOTING)
    assert [status for status, _ in ends(start(dataset, folder, folder / 'whole', [config] * 2))] == [0, 0]
    processes = start(dataset, folder, folder / 'killed', [config] * 2)
    next(line for line in processes[0].stdout if line.startswith('epoch 2/4'))
    for process in processes:
        process.kill()
    assert [status for status, _ in ends(processes)] == [-signal.SIGKILL] * 2
    assert [status for status, _ in ends(start(dataset, folder, folder / 'killed', [config] * 2))] == [0, 0]
    assert digest(folder / 'killed') == digest(folder / 'whole')
    assert history(folder / 'killed') == history(folder / 'whole')


@pytest.mark.slow
def test_a_worker_that_is_gone_ends_the_other(dataset, folder, train_config):
    processes = start(dataset, folder, folder / 'out', [train_config(epochs=1000, **LINEAR)] * 2)
    next(line for line in processes[0].stdout if line.startswith('epoch 2/'))
    processes[1].kill()
    status, line = ends(processes)[0]
    assert status == 1
    assert 'another worker is gone; run the same command' in line


@pytest.mark.slow
def test_workers_that_were_asked_for_different_models(dataset, folder, train_config):
    configs = [train_config(**LINEAR), train_config(**LINEAR, learning_rate=0.5)]
    _, (status, line) = ends(start(dataset, folder, folder / 'out', configs))
    assert status == 1
    assert 'learning_rate is 0.001 there, 0.5 here' in line


def environment(cluster, task):
    return {'TF_CONFIG': json.dumps({'cluster': cluster, 'task': task})}


def test_who_takes_part():
    cluster = {'chief': ['a:1'], 'worker': ['b:1', 'c:1']}
    assert cluster_of(environment(cluster, {'type': 'chief', 'index': 0})) == Cluster(('a:1', 'b:1', 'c:1'), 0)
    assert cluster_of(environment(cluster, {'type': 'worker', 'index': 1})) == Cluster(('a:1', 'b:1', 'c:1'), 2)
    assert cluster_of(environment({'worker': ['a:1']}, {'type': 'worker', 'index': 0})) is None
    assert cluster_of({}) is None


@pytest.mark.parametrize(
    ('said', 'message'),
    [
        ('{', 'is no JSON'),
        ('[]', 'is no JSON object'),
        ('{"cluster": {"worker": ["a:1"]}}', 'has no "cluster" with a "task"'),
        ('{"cluster": {"ps": ["a:1"]}, "task": {"type": "ps", "index": 0}}', "no chief and no worker, only 'ps'"),
        ('{"cluster": {"worker": ["a:1"], "ps": ["b:1"]}, "task": {"type": "worker", "index": 0}}', "'ps', which takes no part"),
        ('{"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": 2}}', "its task 'worker' 2 is not in"),
        ('{"cluster": {"worker": "a:1"}, "task": {"type": "worker", "index": 0}}', 'no list of HOST:PORT'),
    ],
)
def test_a_malformed_tf_config_is_one_line(said, message):
    with pytest.raises(UsageError, match=message) as raised:
        cluster_of({'TF_CONFIG': said})
    assert '\n' not in str(raised.value)
