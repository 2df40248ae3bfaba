"""Examples to TFRecords of `tf.train.Example`. Imports TensorFlow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apache_beam as beam
import cv2
import numpy as np
import pyarrow.parquet as pq
import tensorflow as tf
from apache_beam.pvalue import PCollection

from ..configs.schema import COMPRESSIONS
from .example_tables import TEXTS
from .parts import part_name, write_whole
from .preprocess import CropSums, crop_sums
from .record_files import RecordFile
from .salted import salted
from .tables import Row

SALT = 'mien order 1'


def serialized(row: Row) -> bytes:
    """An example's row as a `tf.train.Example`: equal rows, equal bytes."""
    texts = {key: _bytes((row[key] or '').encode()) for key in TEXTS}
    features = texts | {
        'image': _bytes(row['image']),
        'label': tf.train.Feature(int64_list=tf.train.Int64List(value=[row['label']])),
        'label_distribution': tf.train.Feature(float_list=tf.train.FloatList(value=row['label_distribution'])),
        'weight': tf.train.Feature(float_list=tf.train.FloatList(value=[row['weight']])),
    }
    example = tf.train.Example(features=tf.train.Features(feature=features))
    data: bytes = example.SerializeToString(deterministic=True)
    return data


def order(face_id: str) -> bytes:
    """The place of an example in its file: a salted SHA-256, mixed, and the same every night."""
    return salted(SALT, face_id)


def read_examples(folder: str | Path, file: RecordFile, shards: int) -> list[Row]:
    """A record file's examples in its order.

    Raises:
        RuntimeError: the finished shards hold another number of them than they say.
    """
    parts = (Path(folder, part_name('examples', shard, shards)) for shard in range(file.first, file.last))
    rows = [row for part in parts for row in pq.read_table(part, filters=[('split', '==', file.split)]).to_pylist()]
    if len(rows) != file.examples:
        raise RuntimeError(f'{file.name}: {len(rows)} examples in shards {file.first} to {file.last - 1}, {file.examples} expected')
    return sorted(rows, key=lambda row: order(row['face_id']))


def write_records(path: str | Path, records: Iterable[bytes], compression: str = 'none') -> str:
    """Writes one file of records, whole or not at all; gives its SHA-256.

    Args:
        compression: none or gzip.
    """
    return write_whole(path, lambda file: _write(file.name, records, COMPRESSIONS[compression]))


def sums(row: Row) -> CropSums:
    """What Analyze needs of an example."""
    crop = cv2.imdecode(np.frombuffer(row['image'], np.uint8), cv2.IMREAD_UNCHANGED)
    if crop is None:
        raise RuntimeError(f'{row["face_id"]}: a PNG of our own cannot be decoded; its part was changed after it was written')
    return crop_sums(row['label_name'], crop)


@dataclass(eq=False)
class WriteRecords(beam.PTransform):
    """Writes record files from finished shards; gives the sums of the examples of one split."""

    folder: str
    shards: int
    summed: str
    compression: str

    def expand(self, files: PCollection[RecordFile]) -> PCollection[CropSums]:
        return files | 'Write' >> beam.FlatMap(self._write).with_output_types(CropSums)

    def _write(self, file: RecordFile) -> Iterator[CropSums]:
        rows = read_examples(self.folder, file, self.shards)
        write_records(Path(self.folder, file.name), map(serialized, rows), self.compression)
        yield from map(sums, rows) if file.split == self.summed else ()


def _write(path: str, records: Iterable[bytes], compression: str) -> None:
    with tf.io.TFRecordWriter(path, compression) as writer:
        for record in records:
            writer.write(record)


def _bytes(value: bytes) -> Any:
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))
