"""What Analyze finds, against values worked out by hand."""

import filecmp
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from mien.transforms.preprocess import CropSums, crop_sums

# Three neutral crops of 2x2 zeros, one happy one of fours: mean (3*4*0 + 4*4) / 16 = 1, variance (4*16) / 16 - 1 = 3.
RUN = """
import sys
import apache_beam as beam
from mien.configs.schema import Crop
from mien.transforms.preprocess import AnalyzeExamples, CropSums, tidy

out, order = sys.argv[1:]
rows = [CropSums('neutral', 0, 0, 4), CropSums('happiness', 16, 64, 4), CropSums('neutral', 0, 0, 4), CropSums('neutral', 0, 0, 4)]
with beam.Pipeline(runner='FnApiRunner') as pipeline:
    sums = pipeline | beam.Create(rows[:: int(order)])
    _ = sums | 'AnalyzeExamples' >> AnalyzeExamples(('neutral', 'happiness'), Crop('arcface-112', 1.0, 2, 1), out)
tidy(out)
"""


@pytest.fixture(scope='module')
def folders(tmp_path_factory):
    """Two runs, each its own process, of the same rows in opposite order."""
    outs = [tmp_path_factory.mktemp('analysis') for _ in range(2)]
    commands = [[sys.executable, '-c', RUN, str(out), order] for out, order in zip(outs, ('1', '-1'), strict=True)]
    running = [subprocess.Popen(command, stderr=subprocess.DEVNULL) for command in commands]
    assert [process.wait() for process in running] == [0, 0]
    return outs


@pytest.fixture(scope='module')
def folder(folders):
    return folders[0]


@pytest.fixture(scope='module')
def outputs(folder):
    inputs = {
        'image': tf.constant(np.arange(12).reshape(3, 2, 2, 1), tf.uint8),
        'label_name': tf.constant(['happiness', 'neutral', 'fear']),
        **{name: tf.zeros(3, tf.int64) for name in ('pixel_sum', 'pixel_square_sum', 'pixel_count')},
    }
    return {name: value.numpy() for name, value in tf.saved_model.load(str(folder / 'transform_fn')).transform_fn(inputs).items()}


def test_sums_of_a_crop():
    assert crop_sums('anger', np.array([[255, 255], [1, 2]], np.uint8)) == CropSums('anger', 513, 2 * 255**2 + 5, 4)


def test_statistics_of_the_training_split(outputs):
    assert outputs['pixel_mean'].tolist() == [1.0, 1.0, 1.0]
    assert outputs['pixel_variance'].tolist() == [3.0, 3.0, 3.0]


def test_labels_in_the_config_s_order_and_their_weights(outputs):
    assert outputs['label'].tolist() == [1, 0, -1]
    # By hand: 4 / (2 * 1) for the one happy, 4 / (2 * 3) for the three neutral.
    np.testing.assert_allclose(outputs['class_weight'][:2], [2, 2 / 3], rtol=1e-6)


def test_pixels_keep_their_range(outputs):
    np.testing.assert_array_equal(outputs['image'].ravel(), np.arange(12, dtype=np.float32))
    assert outputs['image'].dtype == np.float32


def test_the_vocabulary_is_an_asset(folder):
    assert (folder / 'transform_fn' / 'assets' / 'label_name').read_text() == '3 neutral\n1 happiness\n'


def test_the_same_examples_in_any_order_give_the_same_bytes(folders):
    listings = [sorted(path.relative_to(folder) for path in folder.rglob('*') if path.is_file()) for folder in folders]
    assert listings[0] == listings[1]
    assert filecmp.cmpfiles(*folders, [str(name) for name in listings[0]], shallow=False)[1:] == ([], [])
