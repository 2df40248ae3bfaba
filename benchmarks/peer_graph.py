"""The graph of deepface's emotion classifier with random weights; runs in deepface's environment, see `peers`.

Layers as in deepface 0.0.103, `models/demography/pytorch/Emotion.py`: 48x48 grey, channels last, to seven classes.
"""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

POOLED = {'strides': [2, 2]}


class Graph:
    """Nodes in a row, each on what the one before gives."""

    def __init__(self, given: str) -> None:
        self.last = given
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []
        self._random = np.random.default_rng(0)

    def add(self, kind: str, *shape: int, **attributes: object) -> None:
        """A node; with the shape of its weights (output, input, ...) where it has any."""
        name = f'{kind}{len(self.nodes)}'
        weights = [self._weight(f'{name}.weight', shape), self._weight(f'{name}.bias', shape[:1])] if shape else []
        self.nodes.append(helper.make_node(kind, [self.last, *weights], [name], **attributes))
        self.last = name

    def _weight(self, name: str, shape: tuple[int, ...]) -> str:
        spread = np.sqrt(2 / max(1, np.prod(shape[1:])))
        self.weights.append(numpy_helper.from_array(self._random.normal(0, spread, shape).astype(np.float32), name))
        return name


def write(path: Path) -> None:
    """Writes the ONNX file."""
    graph = Graph('photos')
    graph.add('Transpose', perm=[0, 3, 1, 2])
    _convolution(graph, 64, 1, 5)
    graph.add('MaxPool', kernel_shape=[5, 5], **POOLED)
    _convolution(graph, 64, 64, 3)
    _convolution(graph, 64, 64, 3)
    graph.add('AveragePool', kernel_shape=[3, 3], **POOLED)
    _convolution(graph, 128, 64, 3)
    _convolution(graph, 128, 128, 3)
    graph.add('AveragePool', kernel_shape=[3, 3], **POOLED)
    graph.add('Flatten')
    for outputs, inputs in ((1024, 128), (1024, 1024)):
        graph.add('Gemm', outputs, inputs, transB=1)
        graph.add('Relu')
    graph.add('Gemm', 7, 1024, transB=1)
    graph.add('Softmax')
    given = helper.make_tensor_value_info('photos', TensorProto.FLOAT, ['n', 48, 48, 1])
    asked = helper.make_tensor_value_info(graph.last, TensorProto.FLOAT, ['n', 7])
    model = helper.make_graph(graph.nodes, 'emotion', [given], [asked], graph.weights)
    onnx.save(helper.make_model(model, opset_imports=[helper.make_opsetid('', 17)], ir_version=8), path)


def _convolution(graph: Graph, outputs: int, inputs: int, side: int) -> None:
    graph.add('Conv', outputs, inputs, side, side)
    graph.add('Relu')
