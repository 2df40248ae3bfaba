"""The model that labels as an ONNX file. The converter, tf2onnx, is an extra that not every installation has."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...configs.errors import UsageError

if TYPE_CHECKING:
    from .export import LabellingModel

OPSET = 17  # of ONNX 1.12, 2022: every runtime since reads it
INPUT, OUTPUT = 'crops', 'probabilities'


def refuse_without_converter(exports: tuple[str, ...]) -> None:
    """Checks that an asked ONNX file can be made.

    Raises:
        UsageError: it is asked for, and its converter is not installed.
    """
    if 'onnx' in exports and not find_spec('tf2onnx'):
        raise UsageError("exports: 'onnx' needs tf2onnx, which is not installed; pip install 'mien[onnx]', or leave it out")


def onnx(model: LabellingModel) -> bytes:
    """The model as an ONNX file: `crops` uint8 (batch, size, size, channels) to `probabilities` float32 (batch, k).

    The graph goes to tf2onnx with its variables made constants: tf2onnx's own way from a function trips over the vocabulary in the
    dataset's graph (tf2onnx 1.17, TensorFlow 2.21). It copies the graph many times: a network of 128 MB takes 7 GB on the way.
    """
    import tf2onnx
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    frozen = convert_variables_to_constants_v2(model.label.get_concrete_function())
    (crops,), (probabilities,) = frozen.inputs, frozen.outputs
    proto, _ = tf2onnx.convert.from_graph_def(
        frozen.graph.as_graph_def(),
        name='mien',
        input_names=[crops.name],
        output_names=[probabilities.name],
        opset=OPSET,
        tensors_to_rename={crops.name: INPUT, probabilities.name: OUTPUT},
    )
    _name_by_place(proto.graph)
    return proto.SerializeToString(deterministic=True)


def _name_by_place(graph: Any) -> None:
    """Names what is inside by its place: tf2onnx counts on from one conversion to the next, and a model should have one file."""
    names: dict[str, str] = {'': '', INPUT: INPUT, OUTPUT: OUTPUT}
    for weights in graph.initializer:
        weights.name = names.setdefault(weights.name, f'weights_{len(names)}')
    for place, node in enumerate(graph.node):
        node.name = f'{node.op_type}_{place}'
        node.input[:] = [names[name] for name in node.input]
        node.output[:] = [names.setdefault(name, f'{node.op_type}_{place}_{slot}') for slot, name in enumerate(node.output)]
    del graph.value_info[:]
    for value in (graph.input[0], graph.output[0]):
        value.type.tensor_type.shape.dim[0].dim_param = 'batch'


def open_onnx(path: Path) -> Callable[[np.ndarray], np.ndarray]:
    """Uint8 crops to float32 probabilities, by the file alone and on one thread, as labelling is."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, providers=['CPUExecutionProvider'])
    return lambda crops: session.run([OUTPUT], {INPUT: crops})[0]
