"""A dataset's examples as they stand in its records: serialized, and counted by class."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import tensorflow as tf

from ...configs.schema import COMPRESSIONS
from .dataset import Dataset
from .store import is_stored
from .stored_records import stored_records, told_plainly


def serialized(dataset: Dataset, split: str) -> tf.data.Dataset:
    """Serialized tf.train.Examples, string (), in the records' order.

    Raises:
        UsageError: see `Dataset.files`.
    """
    if is_stored(dataset.folder):
        return stored_records(dataset.files(split), dataset.compression)
    return tf.data.TFRecordDataset(dataset.files(split), COMPRESSIONS[dataset.compression])


@lru_cache(maxsize=64)
def count(dataset: Dataset, split: str) -> Counter[str]:
    """Number of examples of each class."""
    features = {'label_name': tf.io.FixedLenFeature([], tf.string)}
    names = serialized(dataset, split).batch(1024).map(lambda some: tf.io.parse_example(some, features)['label_name'])
    return Counter(name.decode() for some in rows(names, repr(dataset.folder)) for name in some.tolist())


def rows(batches: tf.data.Dataset, folders: str) -> Iterator[Any]:
    """The batches as numpy arrays; what a store answers, and what is damaged, is told plainly.

    Args:
        folders: of the datasets, for a message.
    """
    with told_plainly(folders):
        yield from batches.as_numpy_iterator()
