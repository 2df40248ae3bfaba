"""Inputs that change while a shard is read are named once, before its last photo can close it."""

import json
from pathlib import Path

from mien.transforms.carry import ShardTodo, Todo
from mien.transforms.parts import unsettled_path
from mien.transforms.read_images import ReadImages
from mien.transforms.records import Entry


def test_what_changed_is_said_before_the_last_photo_and_added_to_what_was(tmp_path: Path):
    entries = [Entry(f'{number}.jpg', str(tmp_path / f'{number}.jpg'), 1, 1) for number in range(3)]
    for entry in entries:
        Path(entry.path).write_bytes(b'1')  # of another time than planned
    shard = ShardTodo(0, [Todo(entry) for entry in entries])
    said = unsettled_path(tmp_path, 0)
    photos = ReadImages(str(tmp_path), 100)._images(shard)
    assert [next(photos).settled, next(photos).settled, said.exists()] == [False, False, False]
    assert next(photos).entry.uri == '2.jpg'
    assert json.loads(said.read_text()) == {'uris': ['0.jpg', '1.jpg', '2.jpg']}
    said.write_text('{"uris": ["earlier.jpg"]}')
    assert len(list(ReadImages(str(tmp_path), 100)._images(shard))) == 3
    assert json.loads(said.read_text())['uris'][-1] == 'earlier.jpg'
