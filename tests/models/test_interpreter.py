"""LiteRT with XNNPACK: the same scores whatever the batch, and a refusal without it."""

from functools import partial

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from mien.configs.errors import JobFailed
from mien.models import interpreter
from mien.models.interpreter import Labeller, require_xnnpack
from mien.models.package import INSTALLED, ModelPackage
from mien.models.predictor import Predictor
from tests.batches import in_batches

CROPS = np.random.default_rng(4).integers(0, 256, (64, 32, 32, 1)).astype(np.uint8)


@pytest.fixture(params=['float', 'int8'])
def export(package, request):
    return (package.export_path.parent / package.exports[request.param]).read_bytes()


def opened(export, resolver):
    opened = Interpreter(model_content=export, num_threads=1, experimental_op_resolver_type=resolver)
    opened.allocate_tensors()
    return opened


def test_litert_s_own_kernels_are_refused(export):
    with pytest.raises(JobFailed, match='without XNNPACK'):
        require_xnnpack(opened(export, OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES))


@pytest.mark.parametrize('use', [lambda package: Labeller(package.export_path.read_bytes()), lambda package: Predictor(package)])
def test_nothing_labels_by_them(package, monkeypatch, use):
    without = partial(Interpreter, experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES)
    monkeypatch.setattr(interpreter, 'Interpreter', without)
    with pytest.raises(JobFailed, match='without XNNPACK'):
        use(package)


def test_xnnpack_is_seen(export):
    require_xnnpack(opened(export, OpResolverType.AUTO))


@pytest.mark.parametrize('batch', [1, 7, 31, 32])
def test_a_batch_gives_the_bytes_of_one_at_a_time(export, batch):
    said = in_batches(export, CROPS, batch)
    assert said.tobytes() == Labeller(export).predict(CROPS[: len(said)]).tobytes()


def test_the_default_package_runs():
    package = ModelPackage.load(INSTALLED / 'default')
    grey = np.full((1, package.crop.size, package.crop.size, package.crop.channels), 128, np.uint8)
    assert Labeller(package.export_path.read_bytes()).predict(grey).sum() == pytest.approx(1, abs=1e-5)
