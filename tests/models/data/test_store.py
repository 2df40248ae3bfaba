"""A dataset is trained on from where it lies: against a real S3 server on this machine."""

import gzip
from pathlib import Path

import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from mien.configs.errors import JobFailed, UsageError
from mien.models.data import store
from mien.models.data.augment import Augmentation
from mien.models.data.dataset import Dataset
from mien.models.data.graph import TransformGraph
from mien.models.data.records import Source
from mien.models.data.stored_records import framed, unpacked
from mien.models.evaluation.evaluate import evaluate
from mien.models.training.train import train
from mien.storage import patience
from tests.storage.servers import Moto, away

BUCKET = 'faces'
NOTHING = Augmentation(False, 0.0, 0.0, 0.0, 0.0, 0.0)


@pytest.fixture(scope='module')
def server():
    started = Moto()
    started.start()
    yield started
    started.stop()


@pytest.fixture
def bucket(server, monkeypatch):
    """A client of an empty bucket that the environment's variables lead to."""
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(patience, 'PATIENCE', 10.0)
    client = server.client()
    client.create_bucket(Bucket=BUCKET)
    yield client
    for found in client.list_objects_v2(Bucket=BUCKET).get('Contents', []):
        client.delete_object(Bucket=BUCKET, Key=found['Key'])
    client.delete_bucket(Bucket=BUCKET)


def put(client, dataset):
    """Copies a dataset into the bucket; gives its url."""
    for path in Path(dataset.folder).rglob('*'):
        if path.is_file():
            client.put_object(Bucket=BUCKET, Key=f'sets/tiny/{path.relative_to(dataset.folder)}', Body=path.read_bytes())
    return f's3://{BUCKET}/sets/tiny'


def content(source):
    batches = [*source.evaluation('test').as_numpy_iterator(), *source.training(0, 2, 16, 7, NOTHING).as_numpy_iterator()]
    return b''.join(array.tobytes() for batch in batches for array in batch)


def opened(folder):
    dataset = Dataset.load(folder)
    return Source(dataset, dataset.classes, TransformGraph(dataset))


@pytest.mark.parametrize('compression', ['none', 'gzip'])
def test_a_dataset_is_the_same_wherever_it_lies(bucket, rewritten, monkeypatch, compression):
    monkeypatch.setattr(store, 'PIECE', 1000)  # records that lie in two pieces, pieces without a whole record
    dataset = rewritten(compression=compression)
    url = put(bucket, dataset)
    stored = Dataset.load(f'{url}/')
    assert (stored.digest, stored.splits()) == (dataset.digest, dataset.splits())
    assert opened(url).counts('train') == {'neutral': 48, 'happiness': 32, 'surprise': 16}
    assert content(opened(url)) == content(opened(dataset.folder))


@pytest.mark.slow
def test_a_model_that_was_trained_and_evaluated_there_is_the_same(bucket, dataset, package, train_config, tmp_path):
    url = put(bucket, dataset)
    assert train([url], str(tmp_path / 'package'), train_config(), 'mien train').id == package.id
    assert evaluate(package.folder, url, 'test').metrics == evaluate(package.folder, dataset.folder, 'test').metrics


@pytest.mark.parametrize('url', [f's3://{BUCKET}/sets/other', 's3://no-such-bucket/sets/tiny'])
def test_what_is_not_there(bucket, url):
    with pytest.raises(UsageError, match=rf"dataset '{url}': no such folder"):
        Dataset.load(url)


def test_a_folder_without_a_snapshot(bucket):
    bucket.put_object(Bucket=BUCKET, Key='sets/holiday.jpg', Body=b'')
    with pytest.raises(UsageError, match=r'holds no snapshot\.json'):
        Dataset.load(f's3://{BUCKET}/sets')


def test_a_record_file_that_goes_away_is_named(bucket, dataset):
    url = put(bucket, dataset)
    source = opened(url)
    files = source.dataset.files('test')
    bucket.delete_object(Bucket=BUCKET, Key=files[0].removeprefix(f's3://{BUCKET}/'))
    bucket.put_object(Bucket=BUCKET, Key='sets/tiny/tiny-test.tfrecord-00000-of-00001/kept', Body=b'x')  # listed, and no file
    with pytest.raises(UsageError, match=r'tiny-test\.tfrecord-00000-of-00001: is not there any more') as raised:
        list(source.crops('test'))
    assert '\n' not in str(raised.value)


def test_a_store_that_does_not_answer(bucket, monkeypatch):
    monkeypatch.setattr(patience, 'PATIENCE', 0.1)
    monkeypatch.setenv('AWS_ENDPOINT_URL', 'http://127.0.0.1:9')
    with pytest.raises(JobFailed, match='the store does not answer'):
        Dataset.load(f's3://{BUCKET}/sets/tiny')


def test_a_connection_that_is_lost_for_a_while_costs_a_piece(bucket, server, dataset, monkeypatch):
    monkeypatch.setattr(store, 'PIECE', 1000)
    url = put(bucket, dataset)
    expected = b''.join(store.pieces(f'{url}/snapshot.json'))
    reading = store.pieces(f'{url}/snapshot.json')
    start = next(reading)
    with away(server):
        assert start + b''.join(reading) == expected
    assert len(expected) > 1000


def written(records, path):
    with tf.io.TFRecordWriter(str(path)) as writer:
        for record in records:
            writer.write(record)
    return path.read_bytes()


def cut(data, size):
    return [data[start : start + size] for start in range(0, len(data), size)]


@given(st.lists(st.binary(max_size=60), max_size=8), st.integers(1, 50))
def test_what_tensorflow_wrote_is_read_however_it_is_cut(tmp_path_factory, records, size):
    data = written(records, tmp_path_factory.mktemp('records') / 'file')
    assert [record for found in framed(cut(data, size), 'file') for record in found] == records
    packed = gzip.compress(data[:20]) + gzip.compress(data[20:])
    assert b''.join(unpacked(cut(packed, size))) == data


def test_a_file_that_ends_too_early_or_is_another(tmp_path):
    data = written([b'one', b'two'], tmp_path / 'file')
    with pytest.raises(JobFailed, match='ends within a record'):
        list(framed([data[:-1]], 'file'))
    with pytest.raises(JobFailed, match='no TFRecord file'):
        list(framed([b'\x89PNG\r\n\x1a\n' * 4], 'file'))
