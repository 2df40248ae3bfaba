"""Changes of crops against values worked out by hand and laws, and what they do to labels."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mien.models.data.examples import Examples
from mien.models.evaluation.evaluate import evaluate_examples
from mien.models.evaluation.robustness import (
    CHANGES,
    as_jpeg,
    brightened,
    halved,
    mirrored,
    robustness,
    rotated,
    shifted,
)
from mien.models.interpreter import Labeller

BATCHES = st.tuples(st.integers(1, 3), st.sampled_from([16, 17, 48]), st.sampled_from([1, 3])).flatmap(
    lambda shape: arrays(np.uint8, (shape[0], shape[1], shape[1], shape[2]))
)


@given(BATCHES)
def test_every_change_keeps_shape_and_type_and_treats_each_crop_alone(crops):
    for change in CHANGES.values():
        changed = change(crops)
        assert (changed.shape, changed.dtype) == (crops.shape, np.uint8)
        np.testing.assert_array_equal(changed[-1:], change(crops[-1:]))


@given(BATCHES)
def test_a_mirrored_crop_mirrored_again_is_the_crop(crops):
    np.testing.assert_array_equal(mirrored(mirrored(crops)), crops)


@given(st.integers(0, 255), st.sampled_from([1, 3]))
def test_nothing_but_brightness_changes_a_plain_crop(value, channels):
    crops = np.full((1, 16, 16, channels), value, np.uint8)
    for change in (mirrored, halved, shifted, rotated):
        np.testing.assert_array_equal(change(crops), crops)
    assert np.abs(as_jpeg(crops).astype(int) - value).max() <= 2


def test_brightness_is_rounded_and_clipped():
    crops = np.array([0, 1, 3, 100, 212, 213, 255], np.uint8)
    assert brightened(crops, 1.2).tolist() == [0, 1, 4, 120, 254, 255, 255]
    assert brightened(crops, 0.8).tolist() == [0, 1, 2, 80, 170, 170, 204]


def test_a_shift_moves_two_pixels_to_the_right_and_repeats_the_edge():
    row = np.tile(np.arange(16, dtype=np.uint8)[:, None], (1, 16, 1, 1))
    crops = np.broadcast_to(row, (1, 16, 16, 1))
    assert shifted(crops)[0, 5, :, 0].tolist() == [0, 0, *range(14)]
    np.testing.assert_array_equal(mirrored(crops)[0, 5, :, 0], np.arange(16)[::-1])


def test_half_the_size_is_the_mean_of_two_by_two_pixels():
    checkers = np.indices((16, 16)).sum(axis=0)[None, ..., None] % 2 * 200
    np.testing.assert_array_equal(halved(checkers.astype(np.uint8)), np.full((1, 16, 16, 1), 100))


def test_a_turn_is_clockwise_by_ten_degrees_about_the_middle():
    crops = np.zeros((1, 101, 101, 1), np.uint8)
    crops[0, 8:13, 48:53] = 255  # 40 pixels above the middle
    rows, columns = np.nonzero(rotated(crops)[0, ..., 0] > 127)
    angle = np.radians(10)
    assert (columns.mean() - 50, 50 - rows.mean()) == pytest.approx((40 * np.sin(angle), 40 * np.cos(angle)), abs=0.3)


def test_colours_stay_in_their_places_in_a_jpeg():
    crops = np.zeros((1, 16, 16, 3), np.uint8)
    crops[...] = [200, 100, 20]
    assert np.abs(as_jpeg(crops).astype(int) - crops).max() <= 4


def test_what_stays_and_what_is_right():
    # Two classes, by whether the left half is the brighter one: mirrored, every label changes, and nothing else does it.
    crops = np.zeros((4, 16, 16, 1), np.uint8)
    crops[:3, :, :8] = 100
    crops[3, :, 8:] = 100

    def predict(some):
        left, right = some[:, :, :8].mean(axis=(1, 2, 3)), some[:, :, 8:].mean(axis=(1, 2, 3))
        return np.stack([left, right], axis=1)

    own = np.array([0, 0, 0, 1])
    found = {one.change: one for one in robustness(predict, [crops[:3], crops[3:]], own, np.array([0, 0, 1, 1]))}
    assert list(found) == list(CHANGES)
    for name, one in found.items():
        assert one.examples == 4
        expected = (0.0, 0.25, -0.5) if name == 'mirrored' else (1.0, 0.75, 0.0)
        assert (one.stay, one.accuracy, one.accuracy_change) == expected


def test_a_split_s_first_faces_are_changed(package, dataset):
    source = Examples(dataset, package.classes)
    result = evaluate_examples(package, source, 'test', changed=10)
    crops, labels = (np.concatenate(some)[:10] for some in zip(*source.crops('test', 7), strict=True))
    labeller = Labeller(package.export_path.read_bytes())
    own, after = (labeller.predict(some).argmax(axis=1) for some in (crops, np.ascontiguousarray(crops[:, :, ::-1])))
    one = result.robustness[0]
    assert (one.change, one.examples) == ('mirrored', 10)
    assert (one.stay, one.accuracy) == (np.mean(own == after), np.mean(after == labels))
    assert 'labels that stay when the crops of 10 faces are changed; accuracy then, and its change\nmirrored ' in result.text
    assert evaluate_examples(package, source, 'test', changed=0).robustness == ()


def test_metrics_json_and_card_say_it_of_every_split(package):
    robust = json.loads(Path(package.folder, 'metrics.json').read_text())['robustness']
    section = Path(package.folder, 'card.md').read_text().split('\n## Robustness\n')[1].split('\n## ')[0]
    assert list(robust) == ['validation', 'test']
    for split, changes in robust.items():
        text = section.split(f'### {split}\n')[1].split('\n### ')[0]
        assert [one['change'] for one in changes] == list(CHANGES)
        for one in changes:
            assert one['examples'] == 40
            assert f'| {one["change"]} | 40 | {one["stay"]:.2%} | {one["accuracy"]:.2%} | {100 * one["accuracy_change"]:+.2f} |' in text
