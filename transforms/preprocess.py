"""What the training split decides about preprocessing: one tensorflow-transform graph for training and for labelling.

The graph takes decoded crops; the pixels themselves never pass through Beam. Analyze sees a label and three integer sums a crop,
and its input is declared as a projection of the graph's: that is how TFX analyses a part of the columns.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import apache_beam as beam
import numpy as np
import pyarrow as pa
import tensorflow as tf
import tensorflow_transform as tft
import tensorflow_transform.beam as tft_beam
from apache_beam.pvalue import PCollection, PDone
from tensorflow_metadata.proto.v0 import schema_pb2
from tfx_bsl.tfxio.tensor_adapter import TensorAdapterConfig

from ..configs.schema import Crop

ROWS_PER_BATCH = 1000
VOCABULARY = 'label_name'
SUMS = ('pixel_sum', 'pixel_square_sum', 'pixel_count')


@dataclass(frozen=True)
class CropSums:
    """What Analyze needs to know of one training example.

    Attributes:
        label_name: the class.
        pixel_sum, pixel_square_sum: over all values of the crop, 0..255 each.
        pixel_count: number of values, size * size * channels.
    """

    label_name: str
    pixel_sum: int
    pixel_square_sum: int
    pixel_count: int


def crop_sums(label_name: str, crop: np.ndarray) -> CropSums:
    """The sums of a uint8 crop of any shape. Integers, so that the order of adding them can't change the statistics."""
    values = crop.astype(np.int64).ravel()
    return CropSums(label_name, int(values.sum()), int(values @ values), values.size)


def preprocess(inputs: Mapping[str, tf.Tensor], classes: Sequence[str]) -> dict[str, tf.Tensor]:
    """The preprocessing_fn.

    Args:
        inputs: image uint8 (n, size, size, channels); label_name string (n,); the sums of `CropSums`, int64 (n,).
        classes: class names in label order.
    Returns:
        image float32 (n, size, size, channels), 0..255; label int64 (n,), -1 for a name that is no class; class_weight float32
        (n,), examples / (classes * examples of this class); pixel_mean and pixel_variance float32 (n,), the training split's.
    """
    tft.vocabulary(inputs['label_name'], vocab_filename=VOCABULARY, store_frequency=True)
    label = _label_ids(inputs['label_name'], classes)
    image = inputs['image']
    return {
        'image': tf.cast(image, tf.float32),
        'label': label,
        'class_weight': _class_weight(label, len(classes)),
        **{name: tf.fill(tf.shape(image)[:1], value) for name, value in _pixel_statistics(inputs).items()},
    }


def _label_ids(names: tf.Tensor, classes: Sequence[str]) -> tf.Tensor:
    same = tf.equal(names[:, None], tf.constant(list(classes))[None, :])
    return tf.where(tf.reduce_any(same, axis=1), tf.argmax(tf.cast(same, tf.int32), axis=1), tf.constant(-1, tf.int64))


def _class_weight(label: tf.Tensor, classes: int) -> tf.Tensor:
    counts = tft.sum(tf.one_hot(label, classes, dtype=tf.int64), reduce_instance_dims=False)
    weights = tf.cast(tf.reduce_sum(counts), tf.float64) / tf.cast(classes * tf.maximum(counts, 1), tf.float64)
    return tf.gather(tf.cast(weights, tf.float32), tf.maximum(label, 0))


def _pixel_statistics(inputs: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    total, squares, count = (tf.cast(tft.sum(inputs[name]), tf.float64) for name in SUMS)
    mean = total / count
    return {'pixel_mean': tf.cast(mean, tf.float32), 'pixel_variance': tf.cast(squares / count - mean * mean, tf.float32)}


@dataclass(eq=False)  # not frozen: Beam writes its label into a transform
class AnalyzeExamples(beam.PTransform):
    """Writes `transform_fn/` and `transformed_metadata/` of a training split.

    Attributes:
        classes: class names in label order.
        crop: size and channels of the crops.
        out: folder that gets the two; `tidy` it once the pipeline has run.
    """

    classes: tuple[str, ...]
    crop: Crop
    out: str

    def expand(self, sums: PCollection[CropSums]) -> PDone:
        with tft_beam.Context(temp_dir=f'{self.out}/{TEMPORARY}'):
            batches = sums | 'Batch' >> beam.BatchElements(ROWS_PER_BATCH, ROWS_PER_BATCH) | 'ToArrow' >> beam.Map(record_batch)
            analysis = tft_beam.AnalyzeDataset(partial(preprocess, classes=self.classes))
            transform_fn = (batches, adapter_config(self.crop)) | 'Analyze' >> analysis
            return transform_fn | 'Write' >> tft_beam.WriteTransformFn(self.out)


TEMPORARY = 'transform_temporary'


def tidy(out: str | Path) -> None:
    """Removes what Analyze leaves behind, and the fingerprint, which differs at every save."""
    shutil.rmtree(Path(out, TEMPORARY), ignore_errors=True)
    Path(out, 'transform_fn', 'fingerprint.pb').unlink(missing_ok=True)


def record_batch(rows: Sequence[CropSums]) -> pa.RecordBatch:
    """Rows as Arrow, one value a list: the form that tfx_bsl's TensorAdapter takes."""
    columns = [pa.array([[row.label_name.encode()] for row in rows], pa.large_list(pa.large_binary()))]
    columns += [pa.array([[getattr(row, name)] for row in rows], pa.large_list(pa.int64())) for name in SUMS]
    return pa.RecordBatch.from_arrays(columns, schema=ARROW)


ARROW = pa.schema([('label_name', pa.large_list(pa.large_binary()))] + [(name, pa.large_list(pa.int64())) for name in SUMS])


def adapter_config(crop: Crop) -> TensorAdapterConfig:
    """Tells tft that the graph's inputs are the analysed columns and an `image` that is not there."""
    specs = {name: tf.TensorSpec([None], tf.string if name == 'label_name' else tf.int64) for name in ARROW.names}
    image = {'image': tf.TensorSpec([None, crop.size, crop.size, crop.channels], tf.uint8)}
    return TensorAdapterConfig(ARROW, {name: _scalar(name) for name in ARROW.names}, specs | image)


def _scalar(column: str) -> schema_pb2.TensorRepresentation:
    dense = schema_pb2.TensorRepresentation.DenseTensor(column_name=column, shape=schema_pb2.FixedShape())
    return schema_pb2.TensorRepresentation(dense_tensor=dense)
