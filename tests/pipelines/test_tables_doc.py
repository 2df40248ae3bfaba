"""docs/tables.md: every column, status and reason stands in the chapter of its table."""

import re
from pathlib import Path

import pytest

from mien.transforms.example_tables import DUPLICATES, EXAMPLES, REJECTS
from mien.transforms.reasons import MISFITS, Reason
from mien.transforms.records import Status
from mien.transforms.tables import FACES, IMAGES, LABELS

TEXT = (Path(__file__).parents[2] / 'docs/tables.md').read_text()
CHAPTERS = {chapter.partition('`')[0]: chapter for chapter in TEXT.split('\n## `')[1:]}
TABLES = {'images': IMAGES, 'faces': FACES, 'labels': LABELS, 'examples': EXAMPLES, 'duplicates': DUPLICATES, 'rejects': REJECTS}


def test_there_is_a_chapter_for_every_table():
    assert CHAPTERS.keys() == TABLES.keys()


@pytest.mark.parametrize('table', TABLES)
def test_every_column_is_told(table):
    assert [name for name in TABLES[table].names if f'`{name}`' not in CHAPTERS[table]] == []


def test_every_status_is_told():
    assert [status for status in Status if f'`{status}`' not in CHAPTERS['images']] == []


def test_every_reason_is_told_and_those_that_do_not_fit_have_a_star():
    found = dict(re.findall(r'^\| `(\w+)`( \*)? \|', CHAPTERS['rejects'], re.MULTILINE))
    assert found.keys() == {str(reason) for reason in Reason} - {str(status) for status in Status}
    assert {reason for reason, star in found.items() if star} == {str(reason) for reason in MISFITS}
