"""A TFLite export run on whole batches, which labelling never does: `Labeller` gives it one crop at a time."""

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from mien.models.interpreter import require_xnnpack


def in_batches(export: bytes, crops: np.ndarray, batch: int) -> np.ndarray:
    """What LiteRT says of each whole batch of the crops, float32 (n // batch * batch, k)."""
    runs = Interpreter(model_content=export, num_threads=1)
    given, answer = runs.get_input_details()[0]['index'], runs.get_output_details()[0]['index']
    runs.resize_tensor_input(given, [batch, *crops.shape[1:]])
    runs.allocate_tensors()
    require_xnnpack(runs)
    parts = []
    for start in range(0, len(crops) - batch + 1, batch):
        runs.set_tensor(given, crops[start : start + batch])
        runs.invoke()
        parts.append(runs.get_tensor(answer))
    return np.concatenate(parts)
