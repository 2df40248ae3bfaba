"""Labels files and folders: what is read, and to which input it belongs."""

import dataclasses

import pandas
import pytest

from mien.configs.errors import UsageError
from mien.configs.load import load
from mien.configs.schema import BuildConfig
from mien.pipelines.build import policy
from mien.pipelines.build_config import check
from mien.pipelines.labels_table import read_labels_table
from mien.pipelines.match import Inputs, folder_label, match
from mien.transforms.label_file import Label
from mien.transforms.reasons import Reason
from mien.transforms.records import Entry

CONFIG = load(BuildConfig, 'build')


def config(**values: object) -> BuildConfig:
    return dataclasses.replace(CONFIG, **values)


@pytest.mark.parametrize(
    ('said', 'found'),
    [
        ('a/1.jpg', 'a/1.jpg'),
        ('2.jpg', 'b/2.jpg'),
        ('1.jpg', Reason.AMBIGUOUS_NAME),
        ('b/1.jpg', Reason.IMAGE_MISSING),  # its base name is another photo's
        ('', Reason.IMAGE_MISSING),
        ('3.jpg', '3.jpg'),  # a uri before a base name
        ('100%.jpg', 'b/100%25.jpg'),
    ],
)
def test_a_label_is_matched_by_uri_else_by_a_unique_base_name(said, found):
    inputs = Inputs(['a/1.jpg', 'c/1.jpg', 'b/2.jpg', '3.jpg', 'b/3.jpg', 'b/100%25.jpg'])
    assert inputs.find(said) == found


def test_unmatched_labels_keep_what_they_say():
    labels = [Label('x.jpg', 7, 'anger'), Label('1.jpg', 8, 'fear'), Label('2.jpg', 9, 'fear')]
    found = list(match(labels, Inputs(['a/1.jpg', 'a/2.jpg']), ['a/1.jpg']))  # and a/2.jpg is left out
    assert found == [Label('x.jpg', 7, 'anger', unmatched=Reason.IMAGE_MISSING), Label('a/1.jpg', 8, 'fear')]


@pytest.mark.parametrize(('uri', 'folder'), [('set/anger/1.jpg', 'anger'), ('1.jpg', 'fear')])
def test_the_folder_is_the_label(uri, folder):
    assert folder_label(Entry(uri, '/data/fear/1.jpg', 1, 1)).label == folder


def test_csv_and_parquet_say_the_same(tmp_path):
    table = pandas.DataFrame({'image': ['a.jpg', 'b.jpg'], 'label': ['anger', None], 'x': [1, 2], 'n': [3, None], 'other': [0.5, 1.5]})
    table['n'] = table['n'].astype('Int64')
    table.to_csv(tmp_path / 'labels.csv', index=False)
    table.to_parquet(tmp_path / 'labels.parquet')
    wanted = config(label_column='label', box_columns=('x', 'x', 'n', 'n'))
    said = [list(read_labels_table(str(tmp_path / name), wanted).labels(wanted)) for name in ('labels.csv', 'labels.parquet')]
    assert said[0] == said[1]
    assert said[0] == [Label('a.jpg', 1, 'anger', box=('1', '1', '3', '3')), Label('b.jpg', 2, '', box=('2', '2', '', ''))]


def test_a_csv_from_a_spreadsheet(tmp_path):
    """Byte order mark, quotes, a line break inside of a value, spaces, values that look like nulls or numbers."""
    (tmp_path / 'labels.csv').write_bytes('\ufeffimage,note,label\r\n"a, b.jpg","two\r\nlines", anger \r\n007.jpg,,NA\r\n'.encode())
    labels = read_labels_table(str(tmp_path / 'labels.csv'), CONFIG).labels(CONFIG)
    assert list(labels) == [Label('a, b.jpg', 1, 'anger'), Label('007.jpg', 2, 'NA')]


@pytest.mark.parametrize(
    ('content', 'values', 'said'),
    [
        (
            b'image,emotion\na.jpg,anger\n',
            {'label_column': 'emotoin'},
            "no column 'emotoin' (did you mean 'emotion'?); it has image, emotion",
        ),
        (b'image,label,label\na.jpg,anger,fear\n', {}, "2 columns are called 'label'"),
        (b'', {}, 'neither CSV'),
        (b'image,label\na.jpg\n', {}, 'neither CSV'),
        (b'image,label\na.jpg,\xff\xfe\n', {}, 'neither CSV'),
        (b'PAR1 cut off', {}, 'neither CSV'),
        (None, {}, 'No such file'),
    ],
)
def test_a_labels_file_that_cannot_be_used(tmp_path, content, values, said):
    path = tmp_path / 'labels.csv'
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError) as error:
        list(read_labels_table(str(path), config(**values)).labels(config(**values)))
    assert said in str(error.value)
    assert str(path) in str(error.value)
    assert '\n' not in str(error.value)


@pytest.mark.parametrize(
    ('values', 'said'),
    [
        ({'name': 'my-faces'}, "name 'my-faces'"),
        ({'classes': ()}, 'name at least one'),
        ({'classes': ('fear', 'anger', 'fear')}, 'names fear twice'),
        ({'split_map': {'Training': 'trian'}}, "'trian' (did you mean 'train'?)"),
        ({'label_map': {'angry': 'angr'}}, "'angr' (did you mean 'anger'?)"),
        ({'box_columns': ('x', 'y')}, 'four columns'),
        ({'votes': {'anger': 'a', 'unknown': 'u'}, 'classes': ('anger', 'fear'), 'labels': 'l.csv'}, 'none for fear'),
        ({'labels': 'l.csv', 'label_column': None}, 'neither label_column nor votes'),
        ({'split_column': 'usage'}, 'say --labels FILE'),
    ],
)
def test_a_config_that_contradicts_itself(values, said):
    with pytest.raises(UsageError) as error:
        check(config(**values))
    assert said in str(error.value)


@pytest.mark.parametrize('name', ['build', 'fer2013', 'fer2013_ferplus', 'portraits'])
def test_the_shipped_configs_hold(name):
    check(load(BuildConfig, 'build', name, {'labels': 'labels.csv'}))


def test_a_given_validation_split_is_kept_and_none_cut_from_train():
    given = config(split_column='usage', split_map={'Training': 'train', 'Dev': 'validation'})
    train, dev = Label('a.jpg', 1, 'anger', split='Training'), Label('b.jpg', 2, 'anger', split='Dev')
    assert policy(given, [train]).splits.validation_share == 0.1
    assert policy(given, [train, dev]).splits.validation_share == 0.0
