"""How Beam's RunInference meets our model: whole photos go in, with any number of crops each."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from apache_beam.ml.inference.base import ModelHandler, PredictionResult

from ..storage.path import StorePath
from .package import ModelPackage
from .predictor import Predictor

PHOTOS_PER_BATCH = 8


class HasCrops(Protocol):
    """Anything with crops: uint8 (n, size, size, channels), n may be 0."""

    @property
    def crops(self) -> np.ndarray: ...


class FaceHandler(ModelHandler[HasCrops, PredictionResult, Predictor]):
    """Gives each photo the probabilities of its crops, float32 (n, k), in a PredictionResult.

    It carries a predictor, and so the export's bytes, not its path: a worker elsewhere has no such folder. Or it knows where a store has
    a copy of the export, which may be too large for a job's description. RunInference shares what `load_model` returns among the threads
    of a worker.
    """

    def __init__(self, package: ModelPackage, stored: StorePath | None = None) -> None:
        super().__init__()
        self._stored, self._sha256 = stored, package.files[package.export]
        self._predictor = Predictor(package) if stored is None else None
        self._id = package.id

    def load_model(self) -> Predictor:
        """Raises RuntimeError where the copy in the store is no more what it was."""
        return self._predictor or Predictor.of(self._fetched())

    def _fetched(self) -> bytes:
        assert self._stored is not None
        data = self._stored.read_bytes()
        if hashlib.sha256(data).hexdigest() != self._sha256:
            raise RuntimeError(f'{self._stored}: is not the export of {self._id} any more; run the same command again')
        return data

    def run_inference(
        self, batch: Sequence[HasCrops], model: Predictor, inference_args: dict[str, Any] | None = None
    ) -> Iterable[PredictionResult]:
        counts = [len(photo.crops) for photo in batch]
        filled = [photo.crops for photo, count in zip(batch, counts, strict=True) if count]
        probabilities = model.predict(np.concatenate(filled)) if filled else np.zeros((0, model.classes), np.float32)
        parts = np.split(probabilities, np.cumsum(counts)[:-1])
        return [PredictionResult(photo, part, self._id) for photo, part in zip(batch, parts, strict=True)]

    def get_num_bytes(self, batch: Sequence[HasCrops]) -> int:
        """Bytes of the crops; Beam would pickle whole photos to find out."""
        return sum(photo.crops.nbytes for photo in batch)

    def batch_elements_kwargs(self) -> Mapping[str, int]:
        """Always as many photos: else Beam sizes batches by the clock."""
        return {'min_batch_size': PHOTOS_PER_BATCH, 'max_batch_size': PHOTOS_PER_BATCH}
