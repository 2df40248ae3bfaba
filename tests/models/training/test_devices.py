"""Devices that share the batches of one training: here two parts of the processor, in a process of their own."""

import json
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from mien.configs.errors import UsageError
from mien.models.data.augment import Augmentation
from mien.models.data.graph import TransformGraph
from mien.models.data.records import Share, Source
from mien.models.training.devices import strategy_for

NOTHING = Augmentation(False, 0.0, 0.0, 0.0, 0.0, 0.0)
TWO = """
import json, sys, tempfile
from dataclasses import replace
from pathlib import Path
import keras, numpy as np, tensorflow as tf
tf.config.set_logical_device_configuration(tf.config.list_physical_devices('CPU')[0], [tf.config.LogicalDeviceConfiguration()] * 2)
from mien.configs.load import load
from mien.configs.schema import TrainConfig
from mien.models.training import fit as fitting
from mien.models.data.dataset import Dataset
from mien.models.training.team import Team, _take_mean

def linear(spec, classes):
    image = keras.Input((spec.crop, spec.crop, spec.channels))
    return keras.Model(image, keras.layers.Dense(classes)(keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(image))))

fitting.builder = lambda name: linear
still = {'flip': False, 'rotation': 0.0, 'zoom': 0.0, 'shift': 0.0, 'epochs': 2, 'batch_size': 32, 'seed': 5}
config = load(TrainConfig, 'train', None, still | {'schedule': 'cosine', 'weight_decay': 0.1})
source = fitting.open_source(Dataset.load(sys.argv[1]), config)
two = tf.distribute.MirroredStrategy(['CPU:0', 'CPU:1'])
histories = []
for team in (Team(tf.distribute.get_strategy()), Team(two)):
    with tempfile.TemporaryDirectory() as folder:
        histories.append(fitting.fit(source, config, Path(folder), Path(folder), team).progress.history)

with two.scope():
    noted = keras.Variable([0.0, 0.0], trainable=False)
def note():
    noted.assign([1.0, 2.0] if tf.distribute.get_replica_context().replica_id_in_sync_group else [3.0, 6.0])
    _take_mean([noted])
two.run(note)
means = [value.numpy().tolist() for value in two.experimental_local_results(noted.value)]
told = Team(two).told(bytes(range(21))).hex()
print(json.dumps({'histories': histories, 'means': means, 'told': told}))
"""


@pytest.fixture(scope='module')
def two(dataset):
    command = [sys.executable, '-c', TWO, dataset.folder]
    said = subprocess.run(command, capture_output=True, text=True, timeout=280)
    assert said.returncode == 0, said.stderr[-2000:]
    return json.loads(said.stdout.rpartition('\n{')[2].join(['{', '']))


@pytest.mark.slow
def test_two_devices_take_the_steps_of_one(two):
    for one, both in zip(*two['histories'], strict=True):
        np.testing.assert_allclose([both[name] for name in one], list(one.values()), rtol=1e-5, atol=1e-6)


@pytest.mark.slow
def test_statistics_become_their_mean(two):
    assert two['means'] == [[2.0, 4.0], [2.0, 4.0]]


@pytest.mark.slow
def test_what_is_told_arrives(two):
    assert two['told'] == bytes(range(21)).hex()


@pytest.mark.parametrize('of', [2, 4])
def test_shares_make_up_the_batch(dataset, of):
    source = Source(dataset, dataset.classes, TransformGraph(dataset))
    whole = [image for image, _, _ in source.training(0, 2, 16, 7, NOTHING).as_numpy_iterator()]
    shares = [list(source.training(0, 2, 16, 7, NOTHING, Share(of, part, part + 1)).as_numpy_iterator()) for part in range(of)]
    assert {len(share) for share in shares} == {len(whole)} == {12}
    for step, images in enumerate(whole):
        for part, share in enumerate(shares):
            np.testing.assert_array_equal(share[step][0], images[part::of])


def test_a_process_with_two_devices_takes_two_shares_in_turn(dataset):
    source = Source(dataset, dataset.classes, TransformGraph(dataset))
    both, first, second = (
        [image for image, _, _ in source.training(0, 1, 16, 7, NOTHING, share).as_numpy_iterator()]
        for share in (Share(4, 1, 3), Share(4, 1, 2), Share(4, 2, 3))
    )
    np.testing.assert_array_equal(
        np.concatenate(both), np.concatenate([image for pair in zip(first, second, strict=True) for image in pair])
    )


@pytest.mark.parametrize(('split', 'of'), [('validation', 3), ('train', 7), pytest.param('test', 40, marks=pytest.mark.slow)])
def test_shares_of_a_validation_hold_each_example_once_and_none_is_empty(dataset, split, of):
    source = Source(dataset, dataset.classes, TransformGraph(dataset))
    steps = source.evaluation_steps(split, of)
    shares = [list(source.evaluation(split, Share(of, part, part + 1)).take(steps).as_numpy_iterator()) for part in range(of)]
    assert all(len(image) for share in shares for image, _, _ in share)
    seen = sorted(crop.tobytes() for share in shares for image, _, _ in share for crop in image)
    assert seen == sorted(crop.astype(np.float32).tobytes() for crops, _ in source.crops(split) for crop in crops)


def test_fewer_examples_than_devices(dataset):
    source = Source(dataset, dataset.classes, TransformGraph(dataset))
    with pytest.raises(UsageError, match='40 examples in test are too few for 41 devices'):
        source.evaluation_steps('test', 41)


@pytest.mark.parametrize('device', ['gpu', 'tpu'])
def test_a_device_that_is_not_here(device, monkeypatch):
    monkeypatch.delenv('TPU_NAME', raising=False)
    if tf.config.list_physical_devices(device.upper()):
        pytest.skip(f'there is a {device} here')
    with pytest.raises(UsageError, match=f"device '{device}': TensorFlow finds none here; use --device cpu"):
        strategy_for(device)
