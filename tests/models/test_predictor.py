"""The Python API: one predictor, any number of threads, the same bytes."""

import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from mien.models.interpreter import Labeller
from mien.models.predictor import Predictor

CROPS = np.random.default_rng(3).integers(0, 256, (64, 32, 32, 1)).astype(np.uint8)

WITHOUT = """
import sys
import numpy as np
from mien.models.package import find
from mien.models.predictor import Predictor
assert Predictor(find(sys.argv[1])).predict(np.zeros((2, 32, 32, 1), np.uint8)).shape == (2, 3)
print(sorted({'tensorflow', 'apache_beam', 'keras'} & set(sys.modules)))
"""


@pytest.fixture(params=['float', 'int8'])
def exported(package, request):
    """The package, labelling with one of its exports."""
    return replace(package, export=package.exports[request.param])


def test_eight_threads_give_the_bytes_of_one(exported):
    predictor = Predictor(exported)
    with ThreadPoolExecutor(8) as pool:
        answers = {scores.tobytes() for scores in pool.map(predictor.predict, [CROPS] * 32)}
    assert answers == {Labeller(exported.export_path.read_bytes()).predict(CROPS).tobytes()}


def test_eight_threads_with_faces_of_their_own_do_not_mix_them(exported):
    predictor = Predictor(exported)
    parts = [CROPS[start : start + 1 + start % 5] for start in range(60)]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(predictor.predict, parts))
    assert [scores.tobytes() for scores in together] == [predictor.predict(part).tobytes() for part in parts]


def test_a_pickled_predictor_says_the_same(exported):
    predictor = Predictor(exported)
    copy = pickle.loads(pickle.dumps(predictor))
    assert copy.predict(CROPS).tobytes() == predictor.predict(CROPS).tobytes()
    assert copy.classes == predictor.classes == 3


def test_no_faces_have_no_scores(exported):
    scores = Predictor(exported).predict(CROPS[:0])
    assert (scores.shape, scores.dtype) == ((0, 3), np.float32)


def test_it_needs_neither_tensorflow_nor_beam(package):
    done = subprocess.run([sys.executable, '-c', WITHOUT, package.folder], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == '[]'
