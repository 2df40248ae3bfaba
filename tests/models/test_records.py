"""Reading records: every example once an epoch, in an order that the seed decides."""

import numpy as np
import pytest

from mien.models.augment import Augmentation
from mien.models.graph import TransformGraph
from mien.models.records import Source

NOTHING = Augmentation(False, 0.0, 0.0, 0.0, 0.0, 0.0)


@pytest.fixture(scope='module')
def source(dataset):
    return Source(dataset, TransformGraph(dataset), dataset.classes)


def epochs(source, first, last, seed=0):
    images = [image for image, _, _ in source.training(first, last, 16, seed, NOTHING).as_numpy_iterator()]
    return np.concatenate(images).reshape(last - first, 96, -1)


def test_an_epoch_holds_every_example_once(source):
    crops = np.concatenate([crops for crops, _ in source.crops('train')]).reshape(96, -1)
    one = np.round(epochs(source, 0, 1)[0])
    assert sorted(map(bytes, one.astype(np.uint8))) == sorted(map(bytes, crops))


def test_the_order_depends_on_seed_and_epoch_alone(source):
    both, resumed, other = epochs(source, 0, 2), epochs(source, 1, 2), epochs(source, 0, 1, seed=1)
    assert both[1].tobytes() == resumed[0].tobytes()
    assert both[0].tobytes() != both[1].tobytes()
    assert both[0].tobytes() != other[0].tobytes()


def test_targets_are_one_hot_or_votes(source, dataset):
    _, hard, weight = next(source.evaluation('validation').as_numpy_iterator())
    _, soft, _ = next(Source(dataset, source.graph, dataset.classes, soft=True).evaluation('validation').as_numpy_iterator())
    np.testing.assert_array_equal(hard[:6].argmax(axis=1), [0, 0, 0, 1, 1, 2])
    np.testing.assert_allclose(soft[0], [0.8, 0.1, 0.1], rtol=1e-6)
    assert set(weight) == {1.0}


def test_a_subset_keeps_its_examples_and_shares_out_its_votes(source, dataset):
    subset = Source(dataset, source.graph, ('neutral', 'surprise'), soft=True, weight_scale=1.0)
    image, target, weight = next(subset.evaluation('train').as_numpy_iterator())
    assert len(image) == 64  # by hand: 4 of 6 of 96
    np.testing.assert_allclose(target[0], [8 / 9, 1 / 9], rtol=1e-6)
    # By hand: the graph weighs a class by 96 / (3 * count): 48 neutral, 16 surprise.
    np.testing.assert_allclose(sorted(set(weight)), [96 / (3 * 48), 96 / (3 * 16)], rtol=1e-6)


def test_counts_and_labels_agree(source):
    labels = np.concatenate([labels for _, labels in source.crops('train')])
    assert source.counts('train') == {'neutral': 48, 'happiness': 32, 'surprise': 16}
    assert np.bincount(labels).tolist() == [48, 32, 16]
