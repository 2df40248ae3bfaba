"""The records of files in an object store, as tf.data takes them: TensorFlow itself reads no store here.

They are read from the store piece by piece while the training goes on; nothing is copied to a disk. The checksums of a TFRecord are not
looked at: the store's connection has its own, and a PNG has another.

Source of the format: TensorFlow, `core/lib/io/record_writer.h`.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import numpy as np
import tensorflow as tf

from ...configs.errors import JobFailed, UsageError
from .store import pieces

BEFORE, AFTER = 12, 4  # bytes before a record, its length in the first eight, and after it
LARGEST = 1 << 28  # bytes of a record; a greater length is no length
UNREADABLE = re.compile(r'DecodePng|ParseExample')  # the operations that a record's content goes through
OURS = re.compile(r'(UsageError|JobFailed): ([^\n]*)')


def stored_records(files: list[str], compression: str) -> tf.data.Dataset:
    """Serialized examples, string (), of all files, one after the other.

    Args:
        compression: none or gzip.
    """

    def read() -> Iterator[np.ndarray]:
        for file in files:
            with _told(file):
                for records in framed(unpacked(pieces(file)) if compression == 'gzip' else pieces(file), file):
                    yield np.array(records, object)

    return tf.data.Dataset.from_generator(read, output_signature=tf.TensorSpec([None], tf.string)).prefetch(2).unbatch()


@contextmanager
def told_plainly(folders: str) -> Iterator[None]:
    """An error of a dataset's store or records that tf.data met is raised as what it was.

    Raises:
        UsageError, JobFailed: see `store.pieces`; a record's checksum is wrong, or a file ends within one; a record is no example, or its
            image no PNG.
    """
    try:
        yield
    except tf.errors.OpError as error:
        ours = OURS.search(error.message)
        unreadable = isinstance(error, tf.errors.InvalidArgumentError) and UNREADABLE.search(error.message)
        if ours is None and (unreadable or isinstance(error, tf.errors.DataLossError)):
            reason = error.message.partition('[')[0].rpartition('}}')[2].strip()
            raise JobFailed(f'dataset {folders}: its records are damaged ({reason}); `mien verify` says which') from error
        if ours is None:
            raise
        raise {'UsageError': UsageError, 'JobFailed': JobFailed}[ours[1]](ours[2]) from error


def framed(parts: Iterable[bytes], file: str) -> Iterator[list[bytes]]:
    """The records that each part of a file completes.

    Raises:
        JobFailed: the file ends within a record, or holds something else.
    """
    rest = b''
    for part in parts:
        data, start, found = rest + part, 0, []
        while (end := _end(data, start, file)) <= len(data):
            found.append(data[start + BEFORE : end - AFTER])
            start = end
        rest = data[start:]
        yield found
    if rest:
        raise JobFailed(f'{file}: ends within a record; copy it to the store again')


def unpacked(parts: Iterable[bytes]) -> Iterator[bytes]:
    """Gzip undone, one member or several."""
    member = zlib.decompressobj(wbits=31)
    for part in parts:
        while part:
            yield member.decompress(part)
            part = member.unused_data
            if member.eof:
                member = zlib.decompressobj(wbits=31)


def _end(data: bytes, start: int, file: str) -> int:
    """Where the record that starts there ends; past the data where its length is not known yet."""
    if start + BEFORE > len(data):
        return len(data) + 1
    length = int.from_bytes(data[start : start + 8], 'little')
    if length > LARGEST:
        raise JobFailed(f'{file}: is no TFRecord file; copy it to the store again')
    return start + BEFORE + length + AFTER


@contextmanager
def _told(file: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise UsageError(f'{file}: is not there any more; copy the whole dataset again') from error
    except zlib.error as error:
        raise JobFailed(f'{file}: is no gzip ({error}); copy it to the store again') from error
