"""Code that reads a dataset in four ways, as its card shows it; it runs in the dataset's folder."""

from __future__ import annotations

from ..configs.schema import BuildConfig
from .tfds_files import opens

TABLE = 'examples'  # what `datasets` calls a split: the table that holds all of ours
TFDS = """\
With TensorFlow Datasets:

```python
import tensorflow_datasets as tfds

builder = tfds.builder_from_directory('.')
for example in builder.as_dataset(split='{split}').take(1):
    print(example['image'].shape, example['label_name'].numpy())
```"""

NO_TFDS = 'TensorFlow Datasets reads no compressed record files: this dataset has no `dataset_info.json`, and opens in the other ways.'

TF_DATA = """\
With `tf.data` alone:

```python
import tensorflow as tf

features = {{
    'image': tf.io.FixedLenFeature([], tf.string),
    'label': tf.io.FixedLenFeature([], tf.int64),
    'label_distribution': tf.io.FixedLenFeature([{classes}], tf.float32),
    'weight': tf.io.FixedLenFeature([], tf.float32),
}}
files = sorted(tf.io.gfile.glob('{name}-{split}.tfrecord-*'))
records = tf.data.TFRecordDataset(files, compression_type='{compression}')
for record in records.take(1):
    example = tf.io.parse_single_example(record, features)
    print(tf.io.decode_png(example['image']).shape, example['label'].numpy())
```"""

TABLES = """\
With pandas, or `datasets` of Hugging Face. All splits are in one table, with a column `split`; `datasets` calls that table its split
`{table}`:

```python
import pandas

examples = pandas.read_parquet('examples')
print(examples[examples['split'] == '{split}'].groupby('label_name').size())
```

```python
import os

from datasets import load_dataset

examples = load_dataset(os.getcwd(), split='{table}', filters=[('split', '==', '{split}')])
print(examples[0]['image'].size, examples[0]['label_name'])
```"""

CROISSANT = """\
With Croissant:

```python
import mlcroissant

records = mlcroissant.Dataset('croissant.json').records('examples')
for record in records:
    if record['examples/split'] == b'{split}':
        print(record['examples/image'].size, record['examples/label_name'])
        break
```"""


def snippets(config: BuildConfig, split: str) -> str:
    """The code, of a split that has examples, as Markdown."""
    compression = '' if opens(config) else config.compression.upper()
    return '\n\n'.join(
        [
            "In the dataset's folder:",
            TFDS.format(split=split) if opens(config) else NO_TFDS,
            TF_DATA.format(name=config.name, split=split, classes=len(config.classes), compression=compression),
            TABLES.format(split=split, table=TABLE),
            CROISSANT.format(split=split),
        ]
    )
