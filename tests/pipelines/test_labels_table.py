"""What is read of labels files, and which cannot be used."""

import errno

import pandas
import pytest

from mien.configs.errors import UsageError
from mien.pipelines import labels_table
from mien.pipelines.collections import Collection
from mien.pipelines.labels_table import given_splits, read_collection
from mien.pipelines.match import check_labels, write_shard_labels
from mien.transforms.label_file import Label
from tests.label_files import collection, entry, labels_file, plan


def rows(one: Collection) -> list[Label]:
    """What is read of a collection's files."""
    read = [row for table in read_collection(one) for row in table.to_pylist()]
    return [Label(**row | {'votes': tuple(row['votes']), 'box': tuple(row['box'])}) for row in read]


def test_csv_and_parquet_say_the_same(tmp_path):
    table = pandas.DataFrame({'image': ['a.jpg', 'b.jpg'], 'label': ['anger', None], 'x': [1, 2], 'n': [3, None], 'other': [0.5, 1.5]})
    table['n'] = table['n'].astype('Int64')
    table['label'] = table['label'].astype('category')
    table.to_csv(tmp_path / 'labels.csv', index=False)
    table.to_parquet(tmp_path / 'labels.parquet')
    files = [tmp_path / 'labels.csv', tmp_path / 'labels.parquet']
    assert rows(collection('set', ['in'], files, box_columns=('x', 'x', 'n', 'n'))) == [
        Label(uri, row, label, box=box, source='set', file=path.name)
        for path in files
        for uri, row, label, box in [('a.jpg', 1, 'anger', ('1', '1', '3', '3')), ('b.jpg', 2, '', ('2', '2', '', ''))]
    ]


def test_a_csv_from_a_spreadsheet(tmp_path):
    """Byte order mark, quotes, a line break inside of a value, spaces, values that look like nulls or numbers."""
    path = tmp_path / 'labels.csv'
    path.write_bytes('\ufeffimage,note,label\r\n"a, b.jpg","two\r\nlines", anger \r\n007.jpg,,NA\r\n'.encode())
    said = [(label.uri, label.row, label.label) for label in rows(collection('set', ['in'], [path]))]
    assert said == [('a, b.jpg', 1, 'anger'), ('007.jpg', 2, 'NA')]


def test_a_disk_that_does_not_answer_is_no_wrong_call(tmp_path, monkeypatch):
    (tmp_path / 'a.csv').write_text('image,label\n1.jpg,fear\n')

    def fails(*_):
        raise OSError(errno.EIO, 'Input/output error')

    monkeypatch.setattr(labels_table, 'read_range', fails)
    with pytest.raises(OSError, match='Input/output error'):
        rows(collection('set', ['in'], [tmp_path / 'a.csv']))


def test_given_splits_are_those_of_all_files(tmp_path):
    (tmp_path / 'a.csv').write_text('usage,image,label\n Training,1.jpg,fear\nDev,2.jpg,fear\n')
    pandas.DataFrame({'usage': ['Test', None], 'image': ['3.jpg', '4.jpg'], 'label': 'fear'}).to_parquet(tmp_path / 'b.parquet')
    files = [tmp_path / 'a.csv', tmp_path / 'b.parquet']
    assert given_splits(collection('set', ['in'], files, split_column='usage')) == {'Training', 'Dev', 'Test', ''}
    assert given_splits(collection('set', ['in'], files)) == set()


@pytest.mark.parametrize(
    ('content', 'column', 'said'),
    [
        (b'image,emotion\na.jpg,anger\n', 'emotoin', "no column 'emotoin' (did you mean 'emotion'?); it has image, emotion"),
        (b'image,label,label\na.jpg,anger,fear\n', 'label', "2 columns are called 'label'"),
        (b'', 'label', 'holds no row'),
        (b'\xef\xbb\xbf', 'label', 'holds no row'),
        (b'image,label', 'label', 'holds no row'),
        (b'image,label\r\n', 'label', 'holds no row'),
        (b'image,label\na.jpg\n', 'label', 'neither CSV'),
        (b'image,label\na.jpg,\xff\xfe\n', 'label', 'neither CSV'),
        (b'PAR1 cut off', 'label', 'neither CSV'),
        (None, 'label', 'No such file'),
    ],
)
def test_a_labels_file_that_cannot_be_used(tmp_path, content, column, said):
    path = tmp_path / 'labels.csv'
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError) as error:
        check_labels([collection('folders', ['a']), collection('set', ['b'], [path], label_column=column)])
    assert said in str(error.value)
    assert str(path) in str(error.value)
    assert '\n' not in str(error.value)


def test_a_parquet_file_that_cannot_be_used(tmp_path):
    path = tmp_path / 'labels.parquet'
    for table, said in [
        (pandas.DataFrame({'image': [], 'label': []}), 'holds no row'),
        (pandas.DataFrame({'image': ['a.jpg'], 'label': [{'name': 'anger'}]}), 'neither CSV in UTF-8 nor Parquet: Unsupported cast'),
        (pandas.DataFrame({'image': ['a.jpg']}), "no column 'label'"),
    ]:
        table.to_parquet(path)
        with pytest.raises(UsageError, match=said):
            check_labels([collection('set', ['in'], [path])])


def test_a_row_far_down_that_cannot_be_read_is_said_in_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr(labels_table, 'BLOCK', 1 << 12)
    path = labels_file(tmp_path / 'labels.csv', (f'{number}.jpg' for number in range(10000)))
    with open(path, 'ab') as file:
        file.write(b'\xff.jpg,anger\n')
    some = [collection('set', ['in'], [path])]
    check_labels(some)
    made = plan(tmp_path, [entry('1.jpg')])
    with pytest.raises(UsageError, match='neither CSV in UTF-8') as error:
        write_shard_labels(made, some, None)
    assert '\n' not in str(error.value)
    assert not (tmp_path / '_work/matching').exists()
