"""Gives every crop of a photo its class probabilities."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
import numpy as np
from apache_beam.ml.inference.base import RunInference
from apache_beam.pvalue import PCollection

from ..models.handler import FaceHandler
from ..models.package import ModelPackage
from ..storage.path import StorePath
from .records import ExtractedImage, LabelledImage
from .tables import Row, face_rows, image_row, label_rows


def attach_labels(result: Any) -> LabelledImage:
    """An image with what the model said of its crops.

    Raises:
        RuntimeError: the model answers something else than numbers.
    """
    if not np.isfinite(result.inference).all():
        raise RuntimeError(f'model {result.model_id} answers {result.inference.tolist()} for faces of {result.example.uri}')
    return LabelledImage(result.example, result.inference)


@dataclass(eq=False)
class LabelFaces(beam.PTransform):
    """Gives every crop of an image its class probabilities; an image without faces passes through.

    Attributes:
        stored: a copy of the package's labelling export, where workers are elsewhere.
    """

    package: ModelPackage
    stored: StorePath | None = None

    def expand(self, images: PCollection[ExtractedImage]) -> PCollection[LabelledImage]:
        return images | 'Infer' >> RunInference(FaceHandler(self.package, self.stored)) | 'Attach' >> beam.Map(attach_labels)


@dataclass(frozen=True)
class LabelRows:
    """A labelled photo's rows of `images`, `faces` and `labels`."""

    model: str
    classes: tuple[str, ...]
    abstain_below: float
    crops: bool

    def __call__(self, photo: LabelledImage) -> Mapping[str, list[Row]]:
        if photo.image.rows is not None:
            return photo.image.rows
        return {
            'images': [image_row(photo.image)],
            'faces': face_rows(photo.image, self.crops),
            'labels': label_rows(photo, self.model, self.classes, self.abstain_below),
        }
