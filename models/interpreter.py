"""Runs a package's export: LiteRT on one core, without TensorFlow.

Crops go through one at a time: batches of 2 to 64 were no faster (1,560 faces a second on one core for 0.62 million parameters),
and one at a time a crop's scores cannot depend on the crops beside it. An interpreter belongs to one thread.
"""

from __future__ import annotations

import numpy as np
from ai_edge_litert.interpreter import Interpreter


class Labeller:
    """One interpreter, to be used by one thread."""

    def __init__(self, model: bytes) -> None:
        """Loads the content of a `.tflite` file.

        Raises:
            ValueError: it isn't one.
        """
        self._interpreter = Interpreter(model_content=model, num_threads=1)
        self._input = self._interpreter.get_input_details()[0]
        self._output = self._interpreter.get_output_details()[0]
        self._interpreter.allocate_tensors()

    def predict(self, crops: np.ndarray) -> np.ndarray:
        """Class probabilities.

        Args:
            crops: uint8 (n, size, size, channels), n may be 0.
        Returns:
            float32 (n, k).
        Raises:
            ValueError: the crops' type or shape is not the model's.
        """
        self._check(crops)
        probabilities = np.empty((len(crops), self.classes), np.float32)
        for row in range(len(crops)):
            self._interpreter.set_tensor(self._input['index'], crops[row : row + 1])
            self._interpreter.invoke()
            probabilities[row] = self._interpreter.get_tensor(self._output['index'])[0]
        return probabilities

    @property
    def classes(self) -> int:
        """Number of probabilities."""
        return int(self._output['shape'][-1])

    def _check(self, crops: np.ndarray) -> None:
        expected = tuple(int(side) for side in self._input['shape'][1:])
        if crops.dtype != np.uint8 or crops.shape[1:] != expected:
            raise ValueError(f'crops are {crops.dtype} {crops.shape}, the model takes uint8 (n, {", ".join(map(str, expected))})')
