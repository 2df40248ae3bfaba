"""A face that a model is trained on measures nothing: it is found in whatever dataset it stands."""

import pytest
import tensorflow as tf

from mien.configs.errors import UsageError
from mien.models.data.examples import Examples
from mien.models.data.seen import refuse_seen, seen


@pytest.fixture
def other(dataset, rewritten):
    """The dataset upside down, but for a face of each split, which is the first that `dataset` is trained on."""
    face = next(Examples(dataset, dataset.classes).crops('train'))[0][0]

    def change(example):
        image = example.features.feature['image'].bytes_list
        stays = example.features.feature['uri'].bytes_list.value[0] in (b'train/8', b'validation/3', b'test/5')
        image.value[0] = tf.io.encode_png(face if stays else tf.image.flip_up_down(tf.io.decode_png(image.value[0]))).numpy()

    return rewritten(change)


def test_faces_are_the_same_to_the_pixel(dataset, other):
    classes, splits = dataset.classes, ('train', 'validation', 'test', 'nights')
    assert [seen(dataset, other, split, classes) for split in splits] == [1, 1, 1, 0]
    assert [seen(other, dataset, split, classes) for split in splits] == [1, 0, 0, 0]


def test_only_faces_that_take_part_are_seen(dataset, other):
    learnt = next(Examples(dataset, dataset.classes).crops('train'))[1][0]
    measured = next(Examples(other, dataset.classes).crops('test'))[1][5]
    for own in range(3):
        for some in ((own,), (own, (own + 1) % 3)):
            classes = tuple(dataset.classes[place] for place in sorted(some))
            assert seen(dataset, other, 'test', classes) == (learnt in some and measured in some)


def test_what_one_is_trained_on_and_another_is_measured_by_is_refused(dataset, other):
    with pytest.raises(UsageError, match=rf'{other.folder}.: 1 faces of its validation are in train of .{dataset.folder}.*; build one'):
        refuse_seen([dataset, other], dataset.classes)


def test_faces_that_both_are_trained_on_are_no_trouble(dataset, rewritten):
    def change(example):
        if not example.features.feature['uri'].bytes_list.value[0].startswith(b'train'):
            image = example.features.feature['image'].bytes_list
            image.value[0] = tf.io.encode_png(tf.image.flip_up_down(tf.io.decode_png(image.value[0]))).numpy()

    refuse_seen([dataset, rewritten(change)], dataset.classes)
