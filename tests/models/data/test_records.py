"""Reading records: every example once an epoch, in an order that the seed decides."""

import os
from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from mien.configs.errors import UsageError
from mien.models.data import records
from mien.models.data.augment import Augmentation
from mien.models.data.graph import TransformGraph
from mien.models.data.records import Source
from mien.models.training.fit import open_source

NOTHING = Augmentation(False, 0.0, 0.0, 0.0, 0.0, 0.0)
MUCH = Augmentation(True, 0.3, 0.2, 0.2, 0.2, 0.3, cutout=0.4, mixup=0.4)
WEIGHTS = {b'happiness': 0.5, b'surprise': 2.0}  # neutral's records say nothing


@pytest.fixture(scope='module')
def source(dataset):
    return Source(dataset, dataset.classes, TransformGraph(dataset))


def epochs(source, first, last, seed=0):
    images = [image for image, _, _ in source.training(first, last, 16, seed, NOTHING).as_numpy_iterator()]
    return np.concatenate(images).reshape(last - first, 96, -1)


def content(batches):
    return b''.join(array.tobytes() for batch in batches.as_numpy_iterator() for array in batch)


def weigh(example):
    weight = WEIGHTS.get(example.features.feature['label_name'].bytes_list.value[0])
    if weight is not None:
        example.features.feature['weight'].float_list.value.append(weight)


@settings(max_examples=12)
@given(st.integers(0, 2**31), st.integers(0, 60), st.integers(1, 96))
def test_an_epoch_holds_every_example_at_most_once(source, seed, epoch, batch_size):
    crops = {crop.tobytes() for crops, _ in source.crops('train') for crop in crops}
    batches = [image for image, _, _ in source.training(epoch, epoch + 1, batch_size, seed, NOTHING).as_numpy_iterator()]
    seen = {crop.astype(np.uint8).tobytes() for crop in np.concatenate(batches)}
    assert {len(batch) for batch in batches} == {batch_size}
    assert len(seen) == len(batches) * batch_size == 96 // batch_size * batch_size
    assert seen <= crops


def test_the_order_depends_on_seed_and_epoch_alone(source):
    both, resumed, other = epochs(source, 0, 2), epochs(source, 1, 2), epochs(source, 0, 1, seed=1)
    assert both[1].tobytes() == resumed[0].tobytes()
    assert both[0].tobytes() != both[1].tobytes()
    assert both[0].tobytes() != other[0].tobytes()


def test_crops_that_are_held_and_crops_that_are_decoded_anew_make_the_same_batches(source, monkeypatch):
    held = content(source.training(0, 3, 16, 7, MUCH))
    monkeypatch.setattr(records, 'HELD_BYTES', 96 * 32 * 32 - 1)
    assert content(source.training(0, 3, 16, 7, MUCH)) == held


def test_the_number_of_threads_changes_nothing(source):
    def threads(count):
        options = tf.data.Options()
        options.threading.private_threadpool_size = count
        return content(source.training(0, 2, 16, 7, MUCH).with_options(options))

    assert threads(1) == threads(8)


def test_an_epoch_is_mixed_within_a_window_of_bounded_size(source, monkeypatch):
    monkeypatch.setattr(records, 'SHUFFLE_BYTES', 32 * 32)
    crops = np.concatenate([crops for crops, _ in source.crops('train')]).reshape(96, -1)
    np.testing.assert_array_equal(epochs(source, 0, 1)[0], crops)  # a window of one example: the records' order


def test_a_teacher_sees_the_images_as_augmented_and_teaches_no_validation(source):
    taught = replace(source, teach=lambda images, _: tf.reduce_mean(images, axis=[1, 2]))
    for image, target, _ in taught.training(0, 1, 16, 7, replace(MUCH, mixup=0.0)).as_numpy_iterator():
        np.testing.assert_allclose(target, image.mean(axis=(1, 2)), rtol=1e-5)
    assert content(taught.evaluation('validation')) == content(source.evaluation('validation'))


def test_what_a_teacher_says_is_mixed_as_images_are(source):
    """Of equal weights: the brightness of a mixture is the mixture of its two images' brightness."""
    taught = replace(source, teach=lambda images, _: tf.reduce_mean(images, axis=[1, 2]))
    for image, target, weight in taught.training(0, 1, 16, 7, MUCH).as_numpy_iterator():
        np.testing.assert_allclose(target, image.mean(axis=(1, 2)), rtol=1e-5)
        np.testing.assert_allclose(weight, 1.0, rtol=1e-6)


def test_targets_are_one_hot_or_votes(source, dataset):
    _, hard, weight = next(source.evaluation('validation').as_numpy_iterator())
    _, soft, _ = next(Source(dataset, dataset.classes, source.graph, soft=True).evaluation('validation').as_numpy_iterator())
    np.testing.assert_array_equal(hard[:6].argmax(axis=1), [0, 0, 0, 1, 1, 2])
    np.testing.assert_allclose(soft[0], [0.8, 0.1, 0.1], rtol=1e-6)
    assert set(weight) == {1.0}


def test_a_subset_keeps_its_examples_and_shares_out_its_votes(source, dataset):
    subset = Source(dataset, ('neutral', 'surprise'), source.graph, soft=True, weight_scale=1.0)
    image, target, weight = next(subset.evaluation('train').as_numpy_iterator())
    assert len(image) == 64  # by hand: 4 of 6 of 96
    np.testing.assert_allclose(target[0], [8 / 9, 1 / 9], rtol=1e-6)
    # By hand: the graph weighs a class by 96 / (3 * count): 48 neutral, 16 surprise.
    np.testing.assert_allclose(sorted(set(weight)), [96 / (3 * 48), 96 / (3 * 16)], rtol=1e-6)


def test_a_subset_is_the_same_however_few_examples_are_read_at_once(source, dataset):
    subset = Source(dataset, ('neutral', 'surprise'), source.graph)
    one_by_one = list(subset.crops('train', batch=1))
    assert {len(crops) for crops, _ in one_by_one} == {1}
    for each, together in zip(zip(*one_by_one, strict=True), next(subset.crops('train', batch=96)), strict=True):
        np.testing.assert_array_equal(np.concatenate(each), together)


def test_an_epoch_of_a_subset_holds_its_examples_alone(source, dataset):
    subset = Source(dataset, ('neutral', 'surprise'), source.graph)
    target = np.concatenate([target for _, target, _ in subset.training(0, 1, 8, 0, NOTHING).as_numpy_iterator()])
    assert target.sum(axis=0).tolist() == [48, 16]


@pytest.mark.parametrize(
    ('weight_scale', 'expected'),
    # By hand: the graph weighs a class by 96 / (3 * count), so 2/3, 1 and 2.
    [(None, [1.0, 0.5, 2.0]), (1.0, [2 / 3, 0.5, 4.0]), (3.0, [2.0, 1.5, 12.0])],
)
def test_an_example_weighs_what_its_record_says(rewritten, source, weight_scale, expected):
    dataset = rewritten(weigh)
    weighed = Source(dataset, dataset.classes, source.graph, weight_scale=weight_scale)
    _, target, weight = next(weighed.evaluation('validation').as_numpy_iterator())
    np.testing.assert_allclose(weight, np.array(expected)[target.argmax(axis=1)], rtol=1e-6)
    for _, target, weight in weighed.training(0, 2, 16, 0, NOTHING).as_numpy_iterator():
        np.testing.assert_allclose(weight, np.array(expected)[target.argmax(axis=1)], rtol=1e-6)


def test_compressed_records_are_the_same_records(rewritten, source):
    dataset = rewritten(compression='gzip')
    packed = Source(dataset, dataset.classes, source.graph)
    assert packed.counts('train') == source.counts('train')
    assert content(packed.evaluation('test')) == content(source.evaluation('test'))
    assert content(packed.training(0, 2, 16, 7, MUCH)) == content(source.training(0, 2, 16, 7, MUCH))


def test_counts_and_labels_agree(source):
    labels = np.concatenate([labels for _, labels in source.crops('train')])
    assert source.counts('train') == {'neutral': 48, 'happiness': 32, 'surprise': 16}
    assert np.bincount(labels).tolist() == [48, 32, 16]


def test_records_are_counted_once(rewritten, source):
    dataset = rewritten()
    counted = Source(dataset, dataset.classes, source.graph).counts('train')
    for path in dataset.files('train'):
        os.truncate(path, 0)  # whoever reads it again finds nothing
    assert Source(dataset, dataset.classes, source.graph).counts('train') == counted == source.counts('train')


def test_shares_are_the_mean_target_by_weight(source, rewritten):
    hard = np.array([1 / 2, 1 / 3, 1 / 6])
    np.testing.assert_allclose(source.shares('train'), hard, rtol=1e-6)
    np.testing.assert_allclose(replace(source, soft=True).shares('train'), 0.1 + 0.7 * hard, rtol=1e-6)
    changed = rewritten(weigh)
    weighed = Source(changed, changed.classes, TransformGraph(changed))
    np.testing.assert_allclose(weighed.shares('train'), [0.5, 1 / 6, 1 / 3], rtol=1e-6)  # (1/2, 1/6, 1/3) of their sum, which is 1


def test_the_examples_of_several_datasets_follow_one_another(source, rewritten):
    def rename(example):
        example.features.feature['label_name'].bytes_list.value[0] = b'surprise'

    other = replace(rewritten(rename, 'gzip'), classes=('surprise', 'fear', 'neutral'))
    both = Source(source.dataset, source.classes, source.graph, soft=True, also=(other,))
    assert both.size('validation') == 80
    assert both.counts('train') == source.counts('train') | {'surprise': source.counts('train')['surprise'] + 96}
    (images, labels), (first, known) = (next(one.crops('validation')) for one in (both, source))
    np.testing.assert_array_equal(images, np.concatenate([first, first]))
    assert labels.tolist() == known.tolist() + [2] * 40
    assert sum(len(image) for image, *_ in both.training(0, 1, 16, 0, NOTHING)) == 192


def test_votes_are_found_by_their_names(source, rewritten):
    def vote(example):
        example.features.feature['label_distribution'].float_list.value[:] = (0.5, 0.2, 0.3)

    other = replace(rewritten(vote), classes=('surprise', 'fear', 'neutral'))
    both = Source(source.dataset, source.classes, source.graph, soft=True, also=(other,))
    votes = np.concatenate([target for _, target, _ in both.evaluation('validation').as_numpy_iterator()])
    np.testing.assert_allclose(votes[40:], [[0.3 / 0.8, 0, 0.5 / 0.8]] * 40, rtol=1e-6)  # neutral, happiness, surprise


def test_a_class_that_only_another_dataset_has_is_named(dataset, rewritten, train_config):
    other = replace(rewritten(), classes=(*dataset.classes, 'fear'))
    with pytest.raises(UsageError, match=r'has fear, .* has not; name it first, or say by --classes which to train on'):
        open_source(dataset, train_config(), (other,))
    assert open_source(dataset, train_config(classes=dataset.classes), (other,)).size('train') == 192


def test_faces_on_which_all_annotators_agree_have_nothing_soft(source, rewritten):
    def agree(example):
        votes = example.features.feature['label_distribution'].float_list
        votes.value[:] = [float(vote > 0.5) for vote in votes.value]

    agreed = replace(source, dataset=rewritten(agree))
    assert (source.are_divided('train'), agreed.are_divided('train')) == (True, False)
    assert not replace(agreed, classes=('neutral', 'surprise')).are_divided('train')
    assert replace(agreed, also=(source.dataset,)).are_divided('train')
