"""LiteRT with XNNPACK: the same scores whatever the batch, and a refusal without it."""

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from mien.configs.errors import JobFailed
from mien.models.interpreter import Labeller, require_xnnpack
from mien.models.package import INSTALLED, ModelPackage

CROPS = np.random.default_rng(4).integers(0, 256, (64, 32, 32, 1)).astype(np.uint8)


@pytest.fixture(params=['float', 'int8'])
def export(package, request):
    return (package.export_path.parent / package.exports[request.param]).read_bytes()


def opened(export, resolver):
    interpreter = Interpreter(model_content=export, num_threads=1, experimental_op_resolver_type=resolver)
    interpreter.allocate_tensors()
    return interpreter


def test_litert_s_own_kernels_are_refused(export):
    with pytest.raises(JobFailed, match='without XNNPACK'):
        require_xnnpack(opened(export, OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES))


def test_xnnpack_is_seen(export):
    require_xnnpack(opened(export, OpResolverType.AUTO))


@pytest.mark.parametrize('batch', [1, 7, 31, 32])
def test_a_batch_gives_the_bytes_of_one_at_a_time(export, batch):
    interpreter = Interpreter(model_content=export, num_threads=1)
    given, answer = interpreter.get_input_details()[0]['index'], interpreter.get_output_details()[0]['index']
    interpreter.resize_tensor_input(given, [batch, *CROPS.shape[1:]])
    interpreter.allocate_tensors()
    require_xnnpack(interpreter)
    labeller = Labeller(export)
    for start in range(0, len(CROPS) - batch + 1, batch):
        interpreter.set_tensor(given, CROPS[start : start + batch])
        interpreter.invoke()
        assert interpreter.get_tensor(answer).tobytes() == labeller.predict(CROPS[start : start + batch]).tobytes()


def test_the_default_package_runs():
    package = ModelPackage.load(INSTALLED / 'default')
    grey = np.full((1, package.crop.size, package.crop.size, package.crop.channels), 128, np.uint8)
    assert Labeller(package.export_path.read_bytes()).predict(grey).sum() == pytest.approx(1, abs=1e-5)
