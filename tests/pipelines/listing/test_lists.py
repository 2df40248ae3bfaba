"""Lists of uris: text, tables and Parquet columns; each line is one input, of a file on this machine."""

import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mien.configs.errors import UsageError
from mien.transforms.records import Status
from tests.archives import outcomes, uris


@pytest.fixture
def photos(tmp_path):
    for name in ('a.jpg', 'deep/b 1.jpg', 'c%20.jpg', 'd,e.jpg'):
        (tmp_path / 'photos' / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / 'photos' / name).write_bytes(name.encode())
    with open(os.fsencode(tmp_path) + b'/photos/caf\xe9.jpg', 'wb') as file:
        file.write(b'raw')
    return tmp_path / 'photos'


def written(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize('suffix', ['.txt', '.lst', '.TXT'])
def test_a_line_is_relative_to_the_lists_folder_and_its_uri_is_the_line(photos, suffix, monkeypatch):
    monkeypatch.chdir('/')
    path = written(photos / f'list{suffix}', f'a.jpg\ndeep/b 1.jpg\n./a.jpg\n../photos/d,e.jpg\n{photos}/a.jpg')
    assert outcomes(path) == {
        'a.jpg': b'a.jpg',
        'deep/b 1.jpg': b'deep/b 1.jpg',
        './a.jpg': b'a.jpg',
        '../photos/d,e.jpg': b'd,e.jpg',
        f'{photos}/a.jpg': b'a.jpg',
    }


@pytest.mark.parametrize('content', ['a.jpg\r\nd,e.jpg\r\n', '\ufeffa.jpg\n\n   \n\nd,e.jpg', '\n\r\n\td,e.jpg\n'])
def test_marks_and_blank_lines_are_no_names(photos, content):
    found = outcomes(written(photos / 'list.txt', content))
    expected = {'a.jpg': b'a.jpg', 'd,e.jpg': b'd,e.jpg'}
    assert found == (expected if 'a.jpg' in content else {'\td,e.jpg': Status.MISSING})


@pytest.mark.parametrize('suffix', ['txt', 'csv'])
@pytest.mark.parametrize('coding', ['utf-16-le', 'utf-16-be'])
def test_a_list_in_utf_16_is_refused(photos, suffix, coding):
    with pytest.raises(UsageError, match='a list in UTF-16; save it in UTF-8'):
        uris(written(photos / f'list.{suffix}', '\ufeffuri\na.jpg\n'.encode(coding)))


def test_bytes_that_are_no_text_and_percent_signs(photos):
    path = written(photos / 'list.txt', b'caf\xe9.jpg\nc%20.jpg\n')
    assert outcomes(path) == {'caf%E9.jpg': b'raw', 'c%2520.jpg': b'c%20.jpg'}


def test_file_uris_are_decoded_and_stay_as_they_are(photos):
    lines = [
        f'file://{photos}/deep/b%201.jpg',
        f'file://localhost{photos}/caf%E9.jpg',
        f'FILE://{photos}/c%2520.jpg',
        f'file://{photos}/a.jpg',
    ]
    found = outcomes(written(photos / 'list.txt', '\n'.join(lines)))
    assert found == dict(zip(lines, [b'deep/b 1.jpg', b'raw', b'c%20.jpg', b'a.jpg'], strict=True))


def test_what_is_not_there_is_missing_and_what_is_no_file_is_unreadable(photos):
    (photos / 'loop').symlink_to(photos / 'loop')
    os.mkfifo(photos / 'pipe.jpg')
    path = written(photos / 'list.txt', 'nowhere.jpg\na.jpg/x\ndeep\npipe.jpg\nloop\n' + 'n' * 300)
    assert outcomes(path) == {
        'nowhere.jpg': Status.MISSING,
        'a.jpg/x': Status.MISSING,
        'deep': Status.UNREADABLE,
        'pipe.jpg': Status.UNREADABLE,
        'loop': Status.UNREADABLE,
        'n' * 300: Status.UNREADABLE,
    }


@pytest.mark.parametrize('line', ['http://x/a.jpg', 'hdfs://bucket/a.jpg', 'file://away/a.jpg', 'file://', 'file:///a%00.jpg', 'a\0.jpg'])
@pytest.mark.parametrize('suffix', ['.txt', '.csv'])
def test_a_line_that_names_nothing_here_is_named_with_its_file(photos, suffix, line):
    before = 'path\n' + 'a.jpg\n' * 200 if suffix == '.csv' else 'a.jpg\n' * 201  # a zero byte further in front: no list
    path = written(photos / f'list{suffix}', f'{before}{line}\n')
    with pytest.raises(UsageError, match=rf"list{suffix}', line 202: "):
        uris(path)


def test_a_file_of_zero_bytes_or_endless_lines_is_no_list(photos):
    assert uris(written(photos / 'x.txt', b'\0\1')) == ['x.txt']
    for suffix in ('.txt', '.csv'):
        with pytest.raises(UsageError, match=f'x{suffix}.*(longer than|larger than)'):
            uris(written(photos / f'x{suffix}', f'path\n{"n" * 200_000}'))


def test_tables_have_a_column_of_uris(photos):
    path = written(photos / 'x.csv', '\ufefflabel,path\r\n1,a.jpg\r\n2,"d,e.jpg"\r\n\r\n3,\r\n')
    assert outcomes(path) == {'a.jpg': b'a.jpg', 'd,e.jpg': b'd,e.jpg'}
    path = written(photos / 'x.tsv', b'caf\xe9\tfilename\n1\tcaf\xe9.jpg\n')
    assert outcomes(path) == {'caf%E9.jpg': b'raw'}
    path = written(photos / 'y.csv', 'path,mine\nnowhere,a.jpg\n')
    assert outcomes(path, key_column='mine') == {'a.jpg': b'a.jpg'}


@pytest.mark.parametrize(
    ('content', 'options', 'said'),
    [
        ('label,name\n1,a.jpg\n', {}, 'none of its columns .label, name. is called uri, path'),
        ('label,path\n1,a.jpg\n', {'key_column': 'name'}, "no column called 'name' .key_column.; it has label, path"),
        ('label,path\n1,a.jpg\n2\n', {}, 'line 3: 1 columns, the first line has 2'),
        ('', {}, 'none of its columns'),
    ],
)
def test_a_table_without_such_a_column_is_refused(photos, content, options, said):
    with pytest.raises(UsageError, match=f"x.csv'.*{said}"):
        uris(written(photos / 'x.csv', content), **options)


@pytest.mark.parametrize('kind', [pa.string(), pa.binary(), pa.dictionary(pa.int8(), pa.string())])
def test_a_parquet_column_is_a_list(photos, kind):
    names = pa.array(['a.jpg', None, '', 'deep/b 1.jpg'])
    column = names.dictionary_encode() if pa.types.is_dictionary(kind) else names.cast(kind)
    pq.write_table(pa.table({'label': [1, 2, 3, 4], 'uri': column}), photos / 'x.parquet', row_group_size=2)
    options = {'key_column': 'uri', 'bytes_column': None} if kind == pa.binary() else {}
    if kind == pa.binary():  # bytes beside nothing else would be the photos
        pq.write_table(pa.table({'uri': column, 'jpg': names}), photos / 'x.parquet')
    assert outcomes(photos / 'x.parquet', **options) == {'a.jpg': b'a.jpg', 'deep/b 1.jpg': b'deep/b 1.jpg'}


def test_a_parquet_list_names_its_lines_and_columns(photos):
    pq.write_table(pa.table({'uri': ['a.jpg', None, 'http://x/y']}), photos / 'x.parquet')
    with pytest.raises(UsageError, match=r"x.parquet', line 3: 'http://x/y'"):
        uris(photos / 'x.parquet')
    pq.write_table(pa.table({'label': [1], 'name': ['a.jpg']}), photos / 'x.parquet')
    with pytest.raises(UsageError, match=r"x.parquet'.*name.*say --key-column"):
        uris(photos / 'x.parquet')


def test_lists_are_opened_where_they_are_named_and_not_where_they_are_found(photos):
    written(photos / 'list.txt', 'a.jpg\n')
    written(photos / 'more.txt', 'd,e.jpg\n')
    assert 'list.txt' in uris(photos)
    assert uris(photos / '*.txt') == ['list.txt/a.jpg', 'more.txt/d,e.jpg']
    assert uris(photos / '*.[tj]*') == ['a.jpg', 'c%2520.jpg', 'caf%E9.jpg', 'd,e.jpg', 'list.txt', 'more.txt']
    assert uris(photos / 'list.txt', f'mine={photos / "more.txt"}') == ['list.txt/a.jpg', 'mine/d,e.jpg']
