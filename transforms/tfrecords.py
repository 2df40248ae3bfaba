"""Examples to TFRecords of `tf.train.Example`. Imports TensorFlow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import apache_beam as beam
import cv2
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import tensorflow as tf
from apache_beam.pvalue import PCollection

from ..configs.schema import COMPRESSIONS
from ..storage.path import AnyPath, located
from .example_tables import TEXTS
from .parts import WORK, parquet, read_part, write_table, write_whole
from .preprocess import SUMS as PIXEL_SUMS
from .preprocess import CropSums, crop_sums
from .record_files import RecordFile
from .salted import salted
from .tables import Row

SALT = 'mien order 1'
SHA256 = b'mien.sha256'
SUMS = pa.schema([('label_name', pa.string()), *((name, pa.int64()) for name in PIXEL_SUMS)])


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


def read_examples(folder: str | AnyPath, file: RecordFile, shards: int) -> list[Row]:
    """A record file's examples in its order.

    Raises:
        RuntimeError: the finished shards hold another number of them than they say.
    """
    parts = (read_part(folder, 'examples', shard, shards) for shard in range(file.first, file.last))
    rows = [row for part in parts for row in part.filter(pc.equal(part['split'], file.split)).to_pylist()]
    if len(rows) != file.examples:
        raise RuntimeError(f'{file.name}: {len(rows)} examples in shards {file.first} to {file.last - 1}, {file.examples} expected')
    return sorted(rows, key=lambda row: order(row['face_id']))


def write_records(path: str | AnyPath, records: Iterable[bytes], compression: str = 'none') -> str:
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
    """Writes record files from finished shards, and beside each what it says of itself: its SHA-256, the sums of one split's examples."""

    folder: str
    shards: int
    summed: str
    compression: str

    def expand(self, files: PCollection[RecordFile]) -> PCollection[None]:
        return files | 'Write' >> beam.Map(self._write).with_output_types(None)

    def _write(self, file: RecordFile) -> None:
        rows = read_examples(self.folder, file, self.shards)
        digest = write_records(located(self.folder, file.name), map(serialized, rows), self.compression)
        found = [asdict(sums(row)) for row in rows] if file.split == self.summed else []
        write_table(said_path(self.folder, file), found, SUMS.with_metadata({SHA256: digest}))


def said_path(folder: str | AnyPath, file: RecordFile) -> AnyPath:
    """Where it is written what a record file says of itself."""
    return located(folder, WORK, 'records', f'{file.name}.parquet')


def read_digest(folder: str | AnyPath, file: RecordFile) -> str:
    """SHA-256 of a record file."""
    with parquet(said_path(folder, file)) as said:
        digest: str = said.schema_arrow.metadata[SHA256].decode()
    return digest


def read_sums(folder: str | AnyPath, file: RecordFile) -> Iterator[CropSums]:
    """What Analyze needs of a record file's examples."""
    with parquet(said_path(folder, file)) as said:
        yield from (CropSums(**row) for row in said.read().to_pylist())


def _write(path: str, records: Iterable[bytes], compression: str) -> None:
    with tf.io.TFRecordWriter(path, compression) as writer:
        for record in records:
            writer.write(record)


def _bytes(value: bytes) -> Any:
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))
