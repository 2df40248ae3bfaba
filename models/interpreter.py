"""Runs a package's TFLite export: LiteRT on one core, without TensorFlow.

Crops go through one at a time: so a crop's scores cannot depend on the crops beside it, by construction and not by the processor's
kernels. Batches of 7 to 64 give the same bytes here, float and int8. They are no faster for a small network (compact_resnet, 0.6
million parameters: 0.96 to 1.07 times the faces a second), and are for those whose weights do not fit the cache (MobileNet 1.4 to 1.6
times, FERNet 2.0 to 2.5 times), at the price of a second copy of the weights in every thread. An interpreter belongs to one thread: see
`predictor` for many.
"""

from __future__ import annotations

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from ..configs.errors import JobFailed

DELEGATE = 'DELEGATE'


class Labeller:
    """One interpreter, to be used by one thread."""

    def __init__(self, model: bytes) -> None:
        """Loads the content of a `.tflite` file.

        Raises:
            ValueError: it isn't one.
            JobFailed: LiteRT runs it without XNNPACK here, or XNNPACK can't run it.
        """
        self._interpreter = Interpreter(model_content=model, num_threads=1)
        self._input = self._interpreter.get_input_details()[0]
        self._output = self._interpreter.get_output_details()[0]
        try:
            self._interpreter.allocate_tensors()
        except RuntimeError as error:  # such as scales of integers that differ more than 256-fold from one channel to the next
            raise JobFailed(f'LiteRT cannot run the model: {error}; label with another export') from error
        require_xnnpack(self._interpreter)

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

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one crop: size, size, channels."""
        return tuple(int(side) for side in self._input['shape'][1:])

    def _check(self, crops: np.ndarray) -> None:
        expected = self.shape
        if crops.dtype != np.uint8 or crops.shape[1:] != expected:
            raise ValueError(f'crops are {crops.dtype} {crops.shape}, the model takes uint8 (n, {", ".join(map(str, expected))})')


def require_xnnpack(interpreter: Interpreter) -> None:
    """Checks that XNNPACK, the one delegate that LiteRT applies by itself, has taken over operations of an allocated interpreter.

    LiteRT's own kernels give other last bits, so labels made by them could not be reproduced elsewhere.

    Raises:
        JobFailed: it has not.
    """
    operations = interpreter._get_ops_details()  # the public interface says nothing of delegates
    if not any(operation['op_name'] == DELEGATE for operation in operations):
        raise JobFailed(
            'LiteRT runs the model without XNNPACK here, and its scores would differ from those of other machines; '
            'install a build of ai-edge-litert for this processor that has it'
        )
