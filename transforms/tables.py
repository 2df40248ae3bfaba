"""The tables' schemas, one place for every model and night, and the rows that fill them."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pyarrow as pa

from .records import ExtractedImage, Face, Facts, LabelledImage, Status

SCHEMA_VERSION = '2'
Row = dict[str, Any]
FACTS = tuple(Facts.__dataclass_fields__)
MEASURES = tuple(name for name in Face.__dataclass_fields__ if name not in ('box', 'landmarks'))
BOX = ('box_x', 'box_y', 'box_width', 'box_height')

IMAGES = pa.schema(
    [
        pa.field('uri', pa.string(), nullable=False),
        pa.field('image_id', pa.string(), nullable=False),
        ('sha256', pa.string()),
        ('size_bytes', pa.int64()),
        ('format', pa.string()),
        ('width', pa.int32()),
        ('height', pa.int32()),
        ('orientation', pa.int32()),
        ('dhash', pa.string()),
        pa.field('status', pa.string(), nullable=False),
        ('detail', pa.string()),
        pa.field('face_count', pa.int32(), nullable=False),
    ]
)

FACES = pa.schema(
    [
        pa.field('face_id', pa.string(), nullable=False),
        pa.field('uri', pa.string(), nullable=False),
        pa.field('image_id', pa.string(), nullable=False),
        pa.field('face_index', pa.int32(), nullable=False),
        ('box_x', pa.float32()),
        ('box_y', pa.float32()),
        ('box_width', pa.float32()),
        ('box_height', pa.float32()),
        ('detection_score', pa.float32()),
        ('landmarks', pa.list_(pa.float32())),
        ('roll', pa.float32()),
        ('yaw', pa.float32()),
        ('sharpness', pa.float32()),
        ('brightness', pa.float32()),
        ('contrast', pa.float32()),
        ('crop', pa.binary()),
    ]
)

LABELS = pa.schema(
    [
        pa.field('face_id', pa.string(), nullable=False),
        pa.field('uri', pa.string(), nullable=False),
        pa.field('face_index', pa.int32(), nullable=False),
        pa.field('model', pa.string(), nullable=False),
        pa.field('label', pa.string(), nullable=False),
        pa.field('score', pa.float32(), nullable=False),
        pa.field('probabilities', pa.map_(pa.string(), pa.float32()), nullable=False),
        pa.field('abstained', pa.bool_(), nullable=False),
    ]
)


def face_id(image_id: str, index: int) -> str:
    """`<image_id>-<face_index>`."""
    return f'{image_id}-{index}'


def image_row(image: ExtractedImage) -> Row:
    """The photo's row of `images`."""
    facts = image.facts
    return {'uri': image.uri, 'image_id': image.image_id} | vars(facts) | {'status': str(facts.status), 'face_count': len(image.faces)}


def face_rows(image: ExtractedImage, crops: bool) -> list[Row]:
    """The photo's rows of `faces`, with the crop's PNG where asked."""
    return [_face_row(image, index, face, crops) for index, face in enumerate(image.faces)]


def label_rows(labelled: LabelledImage, model: str, classes: tuple[str, ...], abstain_below: float) -> list[Row]:
    """The photo's rows of `labels`, one a face."""
    image = labelled.image
    rows = []
    for index, probabilities in enumerate(labelled.probabilities):
        best = int(np.argmax(probabilities))
        score = float(probabilities[best])
        rows.append(
            {
                'face_id': face_id(image.image_id, index),
                'uri': image.uri,
                'face_index': index,
                'model': model,
                'label': classes[best],
                'score': score,
                'probabilities': list(zip(classes, probabilities.tolist(), strict=True)),
                'abstained': score < abstain_below,
            }
        )
    return rows


def to_facts(row: Row) -> Facts:
    """What is known of a photo, as it stands in `images`."""
    return Facts(**{name: row[name] for name in FACTS} | {'status': Status(row['status'])})


def to_face(row: Row) -> Face:
    """A face as it stands in `faces`."""
    landmarks = row['landmarks'] and tuple(row['landmarks'])
    return Face(tuple(row[name] for name in BOX), landmarks=landmarks, **{name: row[name] for name in MEASURES})


def png(crop: np.ndarray) -> bytes:
    """The PNG of a (size, size, 1 or 3) uint8 crop, grey or RGB."""
    done, data = cv2.imencode('.png', crop if crop.shape[2] == 1 else cv2.cvtColor(crop, cv2.COLOR_RGB2BGR))
    if not done:
        raise RuntimeError(f'OpenCV encodes no PNG of a crop of shape {crop.shape}')
    return data.tobytes()


def from_png(data: bytes) -> np.ndarray:
    """The crop that `png` wrote."""
    crop = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if crop is None:
        raise RuntimeError(f'{len(data)} bytes of a crop are no PNG')
    return crop[..., None] if crop.ndim == 2 else cv2.cvtColor(crop, cv2.COLOR_BGR2RGB)


def _face_row(image: ExtractedImage, index: int, face: Face, crops: bool) -> Row:
    keys = {'face_id': face_id(image.image_id, index), 'uri': image.uri, 'image_id': image.image_id, 'face_index': index}
    box = dict(zip(BOX, face.box, strict=True))
    measures = {name: value for name, value in vars(face).items() if name != 'box'}
    return keys | box | measures | {'crop': png(image.crops[index]) if crops else None}
