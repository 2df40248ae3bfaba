"""Labelling: the same scores however faces fall into batches and threads, and no TensorFlow."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pytest

from mien.models.handler import FaceHandler
from mien.models.interpreter import Labeller

CROPS = np.random.default_rng(2).integers(0, 256, (64, 32, 32, 1)).astype(np.uint8)

PIPELINE = """
import sys
from dataclasses import dataclass
import apache_beam as beam
import numpy as np
from apache_beam.ml.inference.base import RunInference
from mien.models.handler import FaceHandler
from mien.models.package import find

@dataclass(frozen=True)
class Photo:
    crops: np.ndarray

def check(result):
    assert result.inference.shape == (len(result.example.crops), 3), result
    assert result.inference.dtype == np.float32

photos = [Photo(np.full((count, 32, 32, 1), 100, np.uint8)) for count in (0, 2, 1)]
with beam.Pipeline(runner='FnApiRunner') as pipeline:
    _ = pipeline | beam.Create(photos) | RunInference(FaceHandler(find(sys.argv[1]))) | beam.Map(check)
print('tensorflow' in sys.modules)
"""


@dataclass(frozen=True)
class Photo:
    crops: np.ndarray


@pytest.fixture(scope='module')
def labeller(package):
    return Labeller(package.export_path.read_bytes())


@pytest.mark.parametrize('batch', [1, 7, 31, 32])
def test_scores_do_not_depend_on_the_batch(labeller, batch):
    parts = [labeller.predict(CROPS[start : start + batch]) for start in range(0, len(CROPS), batch)]
    assert np.concatenate(parts).tobytes() == labeller.predict(CROPS).tobytes()


def test_scores_are_probabilities(labeller):
    scores = labeller.predict(CROPS)
    assert (scores.dtype, scores.shape) == (np.float32, (64, 3))
    np.testing.assert_allclose(scores.sum(axis=1), 1, atol=1e-5)


def test_eight_threads_agree(package, labeller):
    handler = FaceHandler(package)
    model = handler.load_model()
    with ThreadPoolExecutor(8) as pool:
        answers = {scores.tobytes() for scores in pool.map(model.predict, [CROPS] * 32)}
    assert answers == {labeller.predict(CROPS).tobytes()}


def test_each_photo_gets_the_scores_of_its_own_crops(package, labeller):
    photos = [Photo(CROPS[start:stop]) for start, stop in ((0, 0), (0, 3), (3, 4), (4, 4), (4, 9))]
    handler = FaceHandler(package)
    results = list(handler.run_inference(photos, handler.load_model()))
    assert [result.example for result in results] == photos
    for photo, result in zip(photos, results, strict=True):
        assert result.inference.tobytes() == labeller.predict(photo.crops).tobytes()
        assert result.inference.shape == (len(photo.crops), 3)
    assert results[0].model_id == package.id


def test_photos_without_faces_only(package):
    handler = FaceHandler(package)
    (result,) = handler.run_inference([Photo(CROPS[:0])], handler.load_model())
    assert result.inference.shape == (0, 3)
    assert handler.get_num_bytes([Photo(CROPS[:2])]) == 2 * 32 * 32


def test_the_clock_does_not_size_batches(package):
    sizes = FaceHandler(package).batch_elements_kwargs()
    assert sizes['min_batch_size'] == sizes['max_batch_size']


@pytest.mark.parametrize('crops', [CROPS.astype(np.float32), CROPS[:, :16], CROPS[..., 0]])
def test_other_crops_are_refused(labeller, crops):
    with pytest.raises(ValueError, match='the model takes uint8'):
        labeller.predict(crops)


def test_a_pipeline_labels_without_tensorflow(package):
    done = subprocess.run([sys.executable, '-c', PIPELINE, package.folder], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == 'False'
