"""What is added to a trained network: mirror images count as much, rare classes more, and its weights stay where others find them."""

import json
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from mien.configs.errors import UsageError
from mien.configs.load import load
from mien.configs.schema import TrainConfig
from mien.models.data.graph import TransformGraph
from mien.models.data.records import Source
from mien.models.exporting.answering import answering, averaged, least_shares, oriented, raised
from mien.models.training.train import train
from mien.models.weights.begin import take

IMAGES = np.random.default_rng(0).uniform(0, 255, (5, 8, 8, 1)).astype(np.float32)


@pytest.fixture
def network() -> keras.Model:
    inputs = keras.Input((8, 8, 1))
    dense = keras.layers.Dense(3, kernel_initializer=keras.initializers.GlorotUniform(seed=0))
    return keras.Model(inputs, dense(keras.layers.Flatten()(inputs)))


def test_an_image_and_its_mirror_image_get_the_mean_of_their_logits(network):
    both = averaged(network)
    own, mirrored = network.predict(IMAGES, verbose=0), network.predict(IMAGES[:, :, ::-1], verbose=0)
    np.testing.assert_allclose(both.predict(IMAGES, verbose=0), (own + mirrored) / 2, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(both.predict(IMAGES[:, :, ::-1], verbose=0), (own + mirrored) / 2, rtol=1e-4, atol=1e-4)


def test_an_image_is_seen_with_its_darker_half_on_the_left(network):
    images = IMAGES.copy()
    images[:3, :, 4:] += 100
    images[3:, :, :4] += 100
    expected = network.predict(np.concatenate([images[:3], images[3:, :, ::-1]]), verbose=0)
    for same in (images, images[:, :, ::-1]):
        np.testing.assert_allclose(oriented(network).predict(same, verbose=0), expected, rtol=1e-4, atol=1e-4)


def test_the_middle_column_is_on_no_side():
    inputs = keras.Input((1, 3, 1))
    network = keras.Model(inputs, keras.layers.Flatten()(inputs))
    images = np.array([[1, 9, 2], [2, 9, 1], [5, 0, 5]], np.float32).reshape(3, 1, 3, 1)
    np.testing.assert_array_equal(oriented(network)(images), [[1, 9, 2], [1, 9, 2], [5, 0, 5]])


def test_a_class_that_was_rarer_than_the_least_share_is_raised_to_it():
    np.testing.assert_allclose(least_shares(np.array([0.5, 0.49, 0.01]), 0.05), [0, 0, np.log(5)], rtol=1e-6)


def test_raised_logits_are_greater_by_so_much(network):
    by = np.array([0, 1, -2], np.float32)
    np.testing.assert_allclose(
        raised(network, by).predict(IMAGES, verbose=0), network.predict(IMAGES, verbose=0) + by, rtol=1e-5, atol=1e-5
    )


def test_where_nothing_is_added_it_is_the_network_itself(network, dataset):
    assert answering(network, Source(dataset, dataset.classes, TransformGraph(dataset)), load(TrainConfig, 'train')) is network


def test_a_least_share_raises_the_classes_that_were_rarer_in_training(network, dataset):
    """Of 96 examples with votes of .8, .1 and .1, half, a third and a sixth: hard labels count, .167 for the rarest."""
    source, config = Source(dataset, dataset.classes, TransformGraph(dataset)), replace(load(TrainConfig, 'train'), least_share=0.25)
    by = answering(network, source, config).predict(IMAGES, verbose=0) - network.predict(IMAGES, verbose=0)
    np.testing.assert_allclose(by, np.tile([0, 0, np.log(0.25 * 6)], (5, 1)), atol=1e-4)


def test_a_class_without_any_weight_cannot_be_raised(network, rewritten):
    def take_the_weight(example):
        if example.features.feature['label_name'].bytes_list.value[0] == b'surprise':
            example.features.feature['weight'].float_list.value[:] = [0.0]

    dataset = rewritten(take_the_weight)
    source, config = Source(dataset, dataset.classes, TransformGraph(dataset)), replace(load(TrainConfig, 'train'), least_share=0.25)
    with pytest.raises(UsageError, match=r'least_share 0\.25: all training examples of surprise have the weight 0; give 0'):
        answering(network, source, config)


@pytest.mark.slow
def test_a_package_with_both_labels_as_its_network_and_teaches_and_is_begun_with(dataset, tmp_path):
    config = replace(
        load(TrainConfig, 'train'),
        architecture='compact_resnet',
        epochs=2,
        batch_size=16,
        mirror='average',
        least_share=0.3,
        label_with='int8',
    )
    package = train([dataset.folder], str(tmp_path / 'first'), config, '')
    assert package.export == 'model-int8.tflite'
    taught = train(
        [dataset.folder], str(tmp_path / 'second'), replace(config, teachers=(package.folder,), weights=package.folder, epochs=1), ''
    )
    first, again = (keras.models.load_model(f'{one.folder}/model.keras') for one in (package, taught))
    assert any(not np.array_equal(one, other) for one, other in zip(first.get_weights(), again.get_weights(), strict=True))
    take(again, f'{package.folder}/model.keras')
    same = [np.array_equal(one, other) for one, other in zip(first.get_weights(), again.get_weights(), strict=True)]
    assert all(same[:-2])  # all but the head
    assert json.loads(Path(taught.folder, 'metrics.json').read_text())['recipe']['config']['teachers'] == [package.id]
    crops = np.random.default_rng(1).uniform(0, 255, (4, 32, 32, 1)).astype(np.float32)
    np.testing.assert_allclose(again.predict(crops, verbose=0), again.predict(crops[:, :, ::-1], verbose=0), atol=1e-4)
