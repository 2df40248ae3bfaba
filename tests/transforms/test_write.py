"""How a shard's parts are written."""

from types import SimpleNamespace

import pytest

from mien.transforms import write


def test_photos_come_last_so_that_a_failed_second_try_finds_its_doubtful_ones_again(monkeypatch):
    """An engine repeats it; what it is to try stands in the rows of the photos."""
    written = []

    def fails_at_labels(path, rows, schema):
        written.append(str(path))
        if 'labels' in str(path):
            raise OSError('the store is away')
        return 'digest'

    monkeypatch.setattr(write, 'write_table', fails_at_labels)
    layout = SimpleNamespace(folder='/snapshot', shards=1, schemas=dict.fromkeys(('images', 'faces', 'labels')))
    with pytest.raises(OSError, match='away'):
        write.write_parts(layout, 0, {'images': [], 'faces': []})
    assert [path.split('/')[2] for path in written] == ['faces', 'labels']
