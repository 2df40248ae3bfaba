"""Parquet: rows as pyarrow wrote them, in the layouts that people use; damage and lies cost rows, not memory and not the process."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mien.configs.errors import UsageError
from mien.transforms.containers.parquet_columns import Columns, choose
from mien.transforms.read import load_all
from mien.transforms.records import Status
from tests.archives import MEGA, contents, listed, make_hugging_face, make_img2dataset, outcomes

PHOTOS = {f'{number}.jpg': bytes([number]) * 50 for number in range(10)}
NAMED = [(name.encode(), data) for name, data in PHOTOS.items()]
TEXTS = [pa.string(), pa.large_string(), pa.string_view(), pa.binary(), pa.binary_view(), pa.dictionary(pa.int32(), pa.string())]


def write(path, table, **options):
    pq.write_table(pa.table(table), path, **options)
    return path


@pytest.mark.parametrize('make', [make_hugging_face, make_img2dataset])
@pytest.mark.parametrize('rows', [1, 3, 100])
def test_rows_of_all_row_groups_are_those_that_were_put_in(tmp_path, make, rows):
    assert contents(make(tmp_path / 'x.parquet', PHOTOS, row_group_size=rows)) == NAMED


@pytest.mark.parametrize('kind', [pa.binary(), pa.large_binary(), pa.binary_view()])
@pytest.mark.parametrize(
    'options', [{}, {'use_dictionary': False, 'compression': 'gzip'}, {'data_page_version': '2.0', 'compression': 'zstd'}]
)
def test_no_bytes_are_empty_whatever_the_type(tmp_path, kind, options):
    path = write(tmp_path / 'x.parquet', {'jpg': pa.array([b'1', None, b''], kind), 'key': ['a', 'b', 'c']}, **options)
    assert contents(path) == [(b'a', b'1'), (b'b', Status.EMPTY), (b'c', b'')]


@pytest.mark.parametrize('kind', TEXTS)
def test_keys_of_any_text(tmp_path, kind):
    names = pa.array(['ä', None, '', 'ä'], pa.string())
    keys = names.dictionary_encode() if pa.types.is_dictionary(kind) else names.cast(kind)
    path = write(tmp_path / 'x.parquet', {'jpg': [b'1', b'2', b'3', b'4'], 'key': keys})
    assert contents(path) == [('ä'.encode(), b'1'), (None, b'2'), (None, b'3'), ('ä'.encode(), b'4')]


def test_keys_may_be_whole_numbers_or_no_text_at_all(tmp_path):
    path = write(tmp_path / 'x.parquet', {'jpg': [b'1', b'2'], 'key': pa.array([7, None], pa.int64())})
    assert contents(path) == [(b'7', b'1'), (None, b'2')]
    path = write(tmp_path / 'y.parquet', {'jpg': [b'1', b'2'], 'key': pa.array([b'caf\xe9', b'\xff'])})
    assert contents(path) == [(b'caf\xe9', b'1'), (b'\xff', b'2')]


def test_a_struct_may_be_null_or_lack_its_path(tmp_path):
    images = [{'bytes': b'1', 'path': 'a'}, None, {'bytes': None, 'path': 'c'}, {'bytes': b'4', 'path': None}]
    found = contents(write(tmp_path / 'x.parquet', {'image': images}))
    assert found == [(b'a', b'1'), (None, Status.EMPTY), (b'c', Status.EMPTY), (None, b'4')]
    assert contents(write(tmp_path / 'y.parquet', {'image': [{'bytes': b'1', 'path': ['a']}]})) == [(None, b'1')]


def test_a_cell_over_the_limit(tmp_path):
    assert contents(make_img2dataset(tmp_path / 'x.parquet', {'a': b'1' * 11, 'b': b'2' * 10}), 10) == [
        (b'a', Status.TOO_LARGE),
        (b'b', b'2' * 10),
    ]


@pytest.mark.parametrize(
    ('table', 'columns'),
    [
        ({'image': [{'bytes': b'', 'path': ''}], 'key': ['']}, Columns('image.bytes', 'image.path')),
        ({'image': [{'bytes': b''}], 'key': ['']}, Columns('image.bytes', 'key')),
        ({'jpg': [b''], '__key__': [''], 'extra': [b'']}, Columns('jpg', '__key__')),
        ({'JPG': [b''], 'size': [1]}, Columns('JPG', None)),
        ({'content': [b''], 'file_name': ['']}, Columns('content', 'file_name')),
        ({'path': [b''], 'png': [b'']}, Columns('png', 'path')),
        ({'path': [''], 'label': ['']}, Columns(None, 'path')),
        ({'jpg': [b''], 'key': [0.5], 'uri': ['']}, Columns('jpg', 'uri')),
    ],
)
def test_the_layout_tells_the_columns(table, columns):
    assert choose('x', pa.table(table).schema, None, None) == columns


COLUMNS = {'front': [b''], 'back': [b''], 'name': [''], 'score': [0.5], 'image': [{'width': 1}]}


@pytest.mark.parametrize(
    ('said', 'columns'),
    [(('front', None), Columns('front', None)), (('back', 'name'), Columns('back', 'name'))],
)
def test_columns_that_are_asked_for(said, columns):
    assert choose('x', pa.table(COLUMNS).schema, *said) == columns


@pytest.mark.parametrize(
    ('said', 'names'),
    [
        ((None, None), 'front or back; say --bytes-column'),
        (('side', None), 'no columns called .side.*it has front, back, name, score, image'),
        (('name', None), 'bytes_column .name. holds string, no bytes; it has front'),
        (('image', None), 'no bytes; it has front'),
        (('front', 'key'), 'no columns called .key. .key_column.; it has front'),
        (('front', 'score'), 'holds double, no text; it has front'),
    ],
)
def test_columns_that_are_not_there_or_could_be_several_are_named(said, names):
    with pytest.raises(UsageError, match=f"'x.parquet'.*{names}"):
        choose('x.parquet', pa.table(COLUMNS).schema, *said)


@pytest.mark.parametrize('names', [['jpg', 'key', 'key'], ['jpg', 'jpg', 'key']])
def test_two_columns_of_one_name_are_refused(tmp_path, names):
    arrays = [pa.array([b'1']) if name == 'jpg' else pa.array(['a']) for name in names]
    pq.write_table(pa.table(arrays, names=names), tmp_path / 'x.parquet')
    with pytest.raises(UsageError, match=r'jpg or jpg|2 columns called .key.'):
        contents(tmp_path / 'x.parquet')


@pytest.mark.parametrize(('from_end', 'kept'), [(False, 5), (True, 9)])
def test_a_broken_page_costs_the_rows_of_its_row_group_from_there_on(tmp_path, from_end, kept):
    pages = {'row_group_size': 5, 'compression': 'gzip', 'use_dictionary': False, 'data_page_size': 1, 'write_batch_size': 1}
    path = make_img2dataset(tmp_path / 'x.parquet', PHOTOS, **pages)  # a page a row
    chunk = pq.read_metadata(path).row_group(1).column(3)
    assert chunk.path_in_schema == 'jpg'
    at = chunk.data_page_offset + (chunk.total_compressed_size - 8 if from_end else 0)
    data = path.read_bytes()
    path.write_bytes(data[:at] + b'\xff' * 8 + data[at + 8 :])
    assert contents(path) == NAMED[:kept] + [(name, Status.CORRUPT) for name, _ in NAMED[kept:]]


def test_broken_keys_are_one_row_of_the_file(tmp_path):
    path = make_img2dataset(tmp_path / 'x.parquet', PHOTOS, row_group_size=5, compression='zstd', use_dictionary=False)
    chunk = pq.read_metadata(path).row_group(1).column(1)
    data = bytearray(path.read_bytes())
    data[chunk.data_page_offset : chunk.data_page_offset + 8] = b'\xff' * 8
    path.write_bytes(data)
    assert contents(path) == [*NAMED[:5], (None, Status.CORRUPT)]


@pytest.mark.parametrize('make', [make_hugging_face, make_img2dataset])
def test_no_byte_of_the_footer_ends_the_process(tmp_path, make):
    path = make(tmp_path / 'x.parquet', dict(list(PHOTOS.items())[:4]), row_group_size=2)
    data = path.read_bytes()
    length = int.from_bytes(data[-8:-4], 'little')
    without_schema = length - data[-8 - length :].index(b'ARROW:schema')
    rows, refused = 0, 0
    for at in range(len(data) - 8 - length, len(data) - 8 - without_schema):
        path.write_bytes(data[:at] + bytes([data[at] ^ 2]) + data[at + 1 :])
        try:
            rows += len(outcomes(path))
        except UsageError:
            refused += 1
    assert rows > refused > 50


def test_one_value_that_stands_in_every_row_is_in_memory_once(tmp_path):
    path = write(tmp_path / 'x.parquet', {'jpg': [bytes(MEGA)] * 100}, dictionary_pagesize_limit=1 << 30)
    assert path.stat().st_size < MEGA
    entries, before = listed(path), pa.total_allocated_bytes()
    read = [(len(loaded.data), pa.total_allocated_bytes() - before) for loaded in load_all(0, entries, MEGA)]
    assert [size for size, _ in read] == [MEGA] * 100
    assert max(held for _, held in read) < 8 * MEGA


def test_a_number_of_rows_that_cannot_be_is_not_believed(tmp_path):
    rows = (1 << 20) + 1
    path = write(tmp_path / 'x.parquet', {'jpg': pa.array([None] * rows, pa.binary())}, row_group_size=rows)
    varint = b'\x82\x80\x80\x01'  # twice `rows`, as the footer's protocol writes it
    data = path.read_bytes()
    assert data.count(varint) >= 3
    path.write_bytes(data.replace(varint, b'\x82\x80\x80\x7f'))
    assert contents(path) == [(None, Status.CORRUPT)]


def test_many_rows_of_nothing_are_believed(tmp_path):
    path = write(tmp_path / 'x.parquet', {'jpg': pa.array([None] * 20000, pa.binary())})
    assert contents(path) == [(None, Status.EMPTY)] * 20000
