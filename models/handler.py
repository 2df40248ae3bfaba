"""How Beam's RunInference meets our model: whole photos go in, with any number of crops each."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from apache_beam.ml.inference.base import ModelHandler, PredictionResult

from .interpreter import Labeller
from .package import ModelPackage

PHOTOS_PER_BATCH = 8


class HasCrops(Protocol):
    """Anything with crops: uint8 (n, size, size, channels), n may be 0."""

    @property
    def crops(self) -> np.ndarray: ...


class Labellers:
    """The model's bytes, shared, and one interpreter for each thread: RunInference shares what `load_model` returns."""

    def __init__(self, model: bytes) -> None:
        self._model = model
        self._own = threading.local()

    def predict(self, crops: np.ndarray) -> np.ndarray:
        """See `Labeller.predict`."""
        return self._labeller().predict(crops)

    def nothing(self) -> np.ndarray:
        """The probabilities of no crop: float32 (0, k)."""
        return np.zeros((0, self._labeller().classes), np.float32)

    def _labeller(self) -> Labeller:
        if not hasattr(self._own, 'labeller'):
            self._own.labeller = Labeller(self._model)
        return self._own.labeller


class FaceHandler(ModelHandler[HasCrops, PredictionResult, Labellers]):
    """Gives each photo the probabilities of its crops, float32 (n, k), in a PredictionResult.

    It carries the export's bytes, not its path: a worker elsewhere has no such folder.
    """

    def __init__(self, package: ModelPackage) -> None:
        super().__init__()
        self._model = package.export_path.read_bytes()
        self._id = package.id

    def load_model(self) -> Labellers:
        return Labellers(self._model)

    def run_inference(
        self, batch: Sequence[HasCrops], model: Labellers, inference_args: dict[str, Any] | None = None
    ) -> Iterable[PredictionResult]:
        counts = [len(photo.crops) for photo in batch]
        filled = [photo.crops for photo, count in zip(batch, counts, strict=True) if count]
        probabilities = model.predict(np.concatenate(filled)) if filled else model.nothing()
        parts = np.split(probabilities, np.cumsum(counts)[:-1])
        return [PredictionResult(photo, part, self._id) for photo, part in zip(batch, parts, strict=True)]

    def get_num_bytes(self, batch: Sequence[HasCrops]) -> int:
        """Bytes of the crops; Beam would pickle whole photos to find out."""
        return sum(photo.crops.nbytes for photo in batch)

    def batch_elements_kwargs(self) -> Mapping[str, int]:
        """Always as many photos: else Beam sizes batches by the clock."""
        return {'min_batch_size': PHOTOS_PER_BATCH, 'max_batch_size': PHOTOS_PER_BATCH}
