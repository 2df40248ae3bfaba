"""The Python API of a model package: crops of faces to the probabilities of its classes, from any number of threads."""

from __future__ import annotations

import threading

import numpy as np

from ..configs.errors import UsageError
from .interpreter import Labeller
from .manifest import MANIFEST
from .package import ModelPackage
from .quiet import stderr_kept


class Predictor:
    """Runs a package's labelling export, without TensorFlow.

        from mien.models.package import find
        from mien.models.predictor import Predictor

        package = find('default')  # an installed package or a folder
        predictor = Predictor(package)
        probabilities = predictor.predict(crops)
        names = [package.classes[best] for best in probabilities.argmax(axis=1)]

    Threads share the model's bytes, and each opens an interpreter of its own at its first call. Any split of the crops into calls,
    on any thread, gives the same bytes. It can be pickled.
    """

    def __init__(self, package: ModelPackage) -> None:
        """Reads the export.

        Raises:
            UsageError: it is none, or one of other classes or crops than the package says.
            JobFailed: LiteRT runs it without XNNPACK here.
        """
        self.__setstate__((package.export_path.read_bytes(), 0))
        try:
            labeller = self._labeller()
        except ValueError as error:
            what = f'LiteRT cannot read {package.export} ({" ".join(str(error).split())})'
            raise UsageError(f'model {package.folder!r}: {what}; train it again') from error
        crop, size = package.crop, (labeller.classes, *labeller.shape)
        if size != (len(package.classes), crop.size, crop.size, crop.channels):
            what = f'{package.export} makes {size[0]} probabilities of crops of {"x".join(map(str, size[1:]))}'
            raise UsageError(f'model {package.folder!r}: {what}, and {MANIFEST} says others; copy the whole folder again')
        self.classes = labeller.classes

    @classmethod
    def of(cls, model: bytes) -> Predictor:
        """Runs the bytes of a labelling export.

        Raises:
            JobFailed: see above.
            ValueError: they are none.
        """
        made = cls.__new__(cls)
        made.__setstate__((model, 0))
        made.classes = made._labeller().classes
        return made

    @classmethod
    def loaded(cls, package: ModelPackage) -> Predictor:
        """The same, and what LiteRT logs at a process's first one is kept from the screen, where it loads."""
        with stderr_kept():
            return cls(package)

    def predict(self, crops: np.ndarray) -> np.ndarray:
        """Class probabilities.

        Args:
            crops: uint8 (n, size, size, channels), cut as `package.crop` says; n may be 0.
        Returns:
            float32 (n, k), in the order of `package.classes`. A face whose greatest one is below `package.abstain_below` is abstained.
        Raises:
            ValueError: the crops' type or shape is not the model's.
        """
        return self._labeller().predict(crops)

    def _labeller(self) -> Labeller:
        if not hasattr(self._own, 'labeller'):
            self._own.labeller = Labeller(self._model)
        return self._own.labeller

    def __getstate__(self) -> tuple[bytes, int]:
        return self._model, self.classes

    def __setstate__(self, state: tuple[bytes, int]) -> None:
        self._model, self.classes = state
        self._own = threading.local()
